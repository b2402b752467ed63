"""Which human reference assembly a file is called against."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = ("GRCh37", "GRCh38", "T2T-CHM13v2.0")
_LENGTHS = {  # by chromosome, in the order of _NAMES (NCBI GCA_000001405.1 and .15, GCA_009914755.4)
    "1": (249250621, 248956422, 248387328),
    "2": (243199373, 242193529, 242696752),
    "3": (198022430, 198295559, 201105948),
    "7": (159138663, 159345973, 160567428),
    "10": (135534747, 133797422, 134758134),
    "13": (115169878, 114364328, 113566686),
    "17": (81195210, 83257441, 84276897),
    "20": (63025520, 64444167, 66210255),
    "21": (48129895, 46709983, 45090682),
    "22": (51304566, 50818468, 51324926),
    "X": (155270560, 156040895, 154259566),
}
_PATTERNS = (
    ("GRCh37", re.compile(r"grch37|hg19|hs37|[^a-z0-9]b37|g1k_v37|assembly19", re.IGNORECASE)),
    ("GRCh38", re.compile(r"grch38|hg38|hs38|assembly38", re.IGNORECASE)),
    ("T2T-CHM13v2.0", re.compile(r"chm13", re.IGNORECASE)),
)


def detect_assembly(contigs: Iterable[tuple[str, int | None]]) -> str | None:
    """The assembly whose chromosomes have the declared lengths; None where they fit none, or no known one is declared.

    Args:
        contigs: name ("chr20" or "20") and length in bases, null where the header tells none.
    """
    fitting = set(_NAMES)
    known = False
    for name, length in contigs:
        lengths = _LENGTHS.get(name.removeprefix("chr"))
        if lengths and length:
            known = True
            fitting &= {one for one, size in zip(_NAMES, lengths, strict=True) if size == length}
    return next(iter(fitting)) if known and len(fitting) == 1 else None


def name_assembly(reference: str) -> str | None:
    """The assembly that a reference's path or URL names; None where it names none or several."""
    found = [name for name, pattern in _PATTERNS if pattern.search(reference)]
    return found[0] if len(found) == 1 else None
