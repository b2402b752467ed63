"""Write records as bgzipped VCF or as BCF, with an index where they are sorted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from contracts.errors import Fatal
from tasks.vcf.export.fields import read_declared, renamed_lines
from tasks.vcf.export.text import write_lines
from tasks.vcf.export.undeclared import Undeclared
from tasks.vcf.normalise.files import Norm, normalise_file

_LONGEST_TBI = 1 << 29
"""A tabix index reaches this position; a CSI index goes further (SAM specification, section 5)."""


@dataclass(frozen=True)
class WrittenFile:
    """A file that was exported.

    Attributes:
        path: where it lies.
        records: how many it has.
        samples: how many it has.
        indexed: whether an index lies beside it: only where contigs stand together and positions rise.
    """

    path: Path
    records: int
    samples: int
    indexed: bool


class _Order:
    """Whether records are sorted as an index needs it."""

    def __init__(self) -> None:
        self.is_sorted, self.highest = True, 0
        self._seen: set[str] = set()
        self._last: tuple[str, int] = ("", 0)

    def add(self, contigs: pa.ChunkedArray, positions: pa.ChunkedArray) -> None:
        """Look at the next records."""
        coded = contigs.combine_chunks().dictionary_encode()
        codes, names = np.asarray(coded.indices), coded.dictionary.to_pylist()
        places = np.asarray(positions)
        self.highest = max(self.highest, int(places.max()))
        borders = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
        for start, stop in pairwise(borders):
            name, run = names[codes[start]], places[start:stop]
            before = self._last[1] if name == self._last[0] else 0
            if name != self._last[0] and name in self._seen:
                self.is_sorted = False
            self._seen.add(name)
            self.is_sorted &= bool(run[0] >= before) and not bool(np.any(np.diff(run) < 0))
            self._last = (name, int(run[-1]))


def write_file(
    path: Path,
    header: str,
    records: Iterable[pa.Table],
    samples: Sequence[int],
    width: int,
    *,
    bcf: bool = False,
    norm: Norm | None = None,
) -> WrittenFile:
    """Write one file, whole or not at all.

    Args:
        path: `….vcf.gz` or, with `bcf`, `….bcf`.
        header: the header's lines, the last one naming the chosen samples alone.
        records: from `read_records`.
        samples: indexes of the chosen samples in the records.
        width: how many samples the records have.
        bcf: write BCF, by htslib's own translation of the text.
        norm: normalise the records on their way.

    Raises:
        Fatal: bcftools cannot normalise them, or htslib cannot write them as BCF.
    """
    text = path.with_name(f".{path.name}.part.vcf.gz")
    order, undeclared = _Order(), Undeclared(header, read_declared(header))
    try:
        count = _write_text(text, header, _watched(records, order, undeclared), samples, width)
        if norm is not None and count:
            count = _normalise(text, norm)
        if bcf:
            _to_bcf(text, path, undeclared.lines())
        else:
            os.replace(text, path)
    finally:
        text.unlink(missing_ok=True)
    for old in (f"{path}.tbi", f"{path}.csi"):
        Path(old).unlink(missing_ok=True)
    indexed = order.is_sorted and count > 0 and _index(path, order.highest, bcf)
    return WrittenFile(path, count, len(samples), indexed)


def _watched(records: Iterable[pa.Table], order: _Order, undeclared: Undeclared) -> Iterator[pa.Table]:
    for rows in records:
        order.add(rows["contig_stated"], rows["position"])
        undeclared.add(rows)
        yield rows


def _write_text(
    path: Path, header: str, records: Iterable[pa.Table], samples: Sequence[int], width: int
) -> int:
    """The bgzipped text; returns the number of records. Header lines of renamed fields come before the first."""
    import pysam

    declared, count = read_declared(header), 0
    with pysam.BGZFile(str(path), "wb", None) as out:
        for rows in records:
            if not count:
                out.write(_completed(header, rows).encode())
            out.write(write_lines(rows, declared, samples, width))
            count += rows.num_rows
        if not count:
            out.write(_completed(header, None).encode())
    return count


def _completed(header: str, rows: pa.Table | None) -> str:
    """The header with a version, which old files leave out, and lines for the fields that were renamed."""
    lines = header.splitlines()
    if not lines[0].startswith("##fileformat="):
        lines.insert(0, "##fileformat=VCFv4.2")
    told = (
        [] if rows is None else [*renamed_lines("info", rows.schema), *renamed_lines("format", rows.schema)]
    )
    return "\n".join([*lines[:-1], *told, lines[-1]]) + "\n"


def _normalise(text: Path, norm: Norm) -> int:
    """Normalise a file in its place; returns the number of records."""
    import pysam

    part = text.with_name(f"{text.name}.norm.vcf.gz")
    try:
        normalise_file(text, part, norm)
        os.replace(part, text)
    finally:
        part.unlink(missing_ok=True)
    count, inside = 0, False
    with pysam.BGZFile(str(text), "rb", None) as lines:
        for line in lines:
            inside = inside or not line.startswith(b"#")
            count += inside
    return count


def _to_bcf(text: Path, path: Path, lines: Sequence[str]) -> None:
    """Translate a file; BCF needs header lines for all that its records use."""
    import pysam.bcftools
    from pysam.utils import SamtoolsError

    part, whole = path.with_name(f".{path.name}.part"), text
    try:
        if lines:
            whole = text.with_name(f"{text.name}.whole.vcf.gz")
            _add_lines(text, whole, lines)
        pysam.bcftools.view("--no-version", "-Ob", "-o", str(part), str(whole), catch_stdout=False)
        os.replace(part, path)
    except SamtoolsError:
        raise Fatal("htslib cannot write these records as BCF", path.name, "export them as VCF") from None
    finally:
        part.unlink(missing_ok=True)
        if whole != text:
            whole.unlink(missing_ok=True)


def _add_lines(text: Path, whole: Path, lines: Sequence[str]) -> None:
    import pysam

    with pysam.BGZFile(str(text), "rb", None) as given, pysam.BGZFile(str(whole), "wb", None) as out:
        for line in given:
            if line.startswith(b"#CHROM"):
                out.write("".join(f"{one}\n" for one in lines).encode())
            out.write(line + b"\n")


def _index(path: Path, highest: int, bcf: bool) -> bool:
    import pysam
    import pysam.bcftools
    from pysam.utils import SamtoolsError

    try:
        if bcf:
            pysam.bcftools.index("-f", str(path), catch_stdout=False)
        else:
            pysam.tabix_index(str(path), preset="vcf", force=True, csi=highest >= _LONGEST_TBI)
    except (
        OSError,
        ValueError,
        SamtoolsError,
    ):  # a file that htslib cannot index is whole all the same
        return False
    return True
