"""Opening a VCF or BCF through htslib, and stepping through its records, malformed ones too."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

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
    with open_raw(path) as raw, _readable(path, raw) as source:
        try:
            raw.header.decode()  # pysam gives it up as text, piece by piece and later
            variants = pysam.VariantFile(source, "r")
            names = [*variants.header.samples, *variants.header.contigs]
        except (ValueError, OSError, UnicodeDecodeError):
            raise malformed_header() from None  # htslib's own words would tell the path
        if any(not name for name in names):
            raise malformed_header()
        with variants:
            yield raw, variants


@contextmanager
def _readable(path: Path, raw: RawFile) -> Iterator[str | BinaryIO]:
    """What pysam opens: the path, or a pipe of the decompressed bytes, since pysam refuses gzip that is not bgzip."""
    if not raw.is_plain_gzip:
        yield str(path)
        return
    reading, writing = os.pipe()
    feeder = threading.Thread(target=_feed, args=(path, writing), daemon=True)
    feeder.start()
    try:
        with os.fdopen(reading, "rb") as pipe:
            yield pipe
    finally:
        feeder.join()


def _feed(path: Path, writing: int) -> None:
    """Decompress into the pipe, to the file's end or damage, or until the reader has closed its end."""
    try:
        with os.fdopen(writing, "wb") as pipe, gzip.open(path, "rb") as file:
            shutil.copyfileobj(file, pipe, 1 << 16)
    except (BrokenPipeError, EOFError, gzip.BadGzipFile, zlib.error):
        return  # a reader that stopped early needs no more; damage is told by the walk over the raw records


def step_through(raw: RawFile, variants: VariantFile) -> Iterator[tuple[int, bytes, VariantRecord | None]]:
    """Each record's line number, its raw bytes, and the record; None where htslib cannot parse it.

    Raises:
        Rejected: the stream is damaged, or htslib ends at another record than the file does.
    """
    ended = 0
    for number, line in raw.records():
        record = None if ended else next_record(variants)
        if isinstance(record, End):
            ended = number  # the walk goes on: what it meets further on may tell why
        elif not ended and (raw.is_bcf or line.strip()):
            yield number, line, record
    if ended:
        raise truncated_at(ended)
    if not isinstance(next_record(variants), End):
        raise Rejected("unreadable-file", "file", "a file that htslib reads record by record")


def truncated_at(line: int) -> Rejected:
    """The rejection of a file that htslib takes to end at a line."""
    return Rejected("truncated-file", f"line {line}", "the whole file: copy it again")


class End:
    """There is no further record."""


def next_record(variants: VariantFile) -> VariantRecord | End | None:
    """The next record; None where htslib cannot parse it."""
    try:
        return next(variants)
    except StopIteration:
        return End()
    except (OSError, ValueError, UnicodeDecodeError):
        return None
