"""Opening a VCF or BCF through htslib, and stepping through its records, malformed ones too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.vcf.raw import RawFile, malformed_header, open_raw
from contracts.errors import Rejected

if TYPE_CHECKING:
    from pysam import VariantFile, VariantRecord


@contextmanager
def open_variants(path: Path) -> Iterator[tuple[RawFile, VariantFile]]:
    """Open a file both raw and through htslib.

    Raises:
        Rejected: what `open_raw` raises, and `malformed-header`.
    """
    import pysam

    pysam.set_verbosity(0)
    with open_raw(path) as raw:
        try:
            variants = pysam.VariantFile(str(path), "r")
            names = [*variants.header.samples, *variants.header.contigs]
        except (ValueError, OSError, UnicodeDecodeError):
            raise malformed_header() from None  # htslib's own words would tell the path
        if any(not name for name in names):
            raise malformed_header()
        with variants:
            yield raw, variants


def step_through(raw: RawFile, variants: VariantFile) -> Iterator[tuple[int, bytes, VariantRecord | None]]:
    """Each record's line number, its raw bytes, and the record; None where htslib cannot parse it.

    Raises:
        Rejected: the stream is damaged, or htslib ends at another record than the file does.
    """
    for number, line in raw.records():
        record = _next(variants)
        if isinstance(record, _End):
            raise Rejected("truncated-file", f"line {number}", "the whole file: copy it again")
        if raw.is_bcf or line.strip():
            yield number, line, record
    if not isinstance(_next(variants), _End):
        raise Rejected("unreadable-file", "file", "a file that htslib reads record by record")


class _End:
    """There is no further record."""


def _next(variants: VariantFile) -> VariantRecord | _End | None:
    try:
        return next(variants)
    except StopIteration:
        return _End()
    except (OSError, ValueError, UnicodeDecodeError):
        return None
