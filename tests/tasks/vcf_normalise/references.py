"""Small references with their indexes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LINE = 7


def write_reference(path: Path, sequences: Mapping[str, str], line: int = LINE) -> Path:
    """A FASTA file with short lines, so that most bases are not on the first one."""
    import pysam

    with path.open("w") as out:
        for name, bases in sequences.items():
            out.write(f">{name}\n")
            out.writelines(f"{bases[i : i + line]}\n" for i in range(0, len(bases), line))
    pysam.faidx(str(path))
    return path
