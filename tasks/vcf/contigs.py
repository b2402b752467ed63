"""One name for each human chromosome: `chr1` to `chr22`, `chrX`, `chrY`, `chrM` (UCSC's); others keep their own."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"(?:chr)?([1-9]|1\d|2[0-2]|x|y|m|mt)", re.IGNORECASE)
_REFSEQ = re.compile(r"NC_(\d{6})\.\d+")
_NUMBERED = [*map(str, range(1, 23)), "X", "Y"]
_ACCESSIONS = {  # RefSeq: GRCh37 and GRCh38 share numbers and differ in version; T2T-CHM13 has its own
    **{f"{number:06d}": name for number, name in enumerate(_NUMBERED, 1)},
    **{f"{number:06d}": name for number, name in enumerate(_NUMBERED, 60925)},
    "012920": "M",
}
_OLD_MITOCHONDRION = "NC_001807.4"
_OLD_LENGTH = 16571
"""hg19's chrM is another sequence than the MT of GRCh37 (16,569 bases), and must not be taken for it."""


def harmonise_contig(name: str, length: int | None = None) -> str:
    """The chromosome's one name, or the name as it is.

    Args:
        name: as the file has it: `chr1`, `1`, `NC_000001.11`.
        length: in bases, where the header tells it.
    """
    if found := _PLAIN.fullmatch(name):
        chromosome = found[1].upper().removesuffix("T")
        is_old = chromosome == "M" and length == _OLD_LENGTH
        return _OLD_MITOCHONDRION if is_old else f"chr{chromosome}"
    found = _REFSEQ.fullmatch(name)
    chromosome = _ACCESSIONS.get(found[1], "") if found else ""
    return f"chr{chromosome}" if chromosome else name
