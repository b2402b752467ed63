"""Cutting an NDJSON file into chunks of whole lines, with memory bounded by the chunk and the longest legal line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from contracts.errors import Rejected

if TYPE_CHECKING:
    from contracts.protocols import Place

CHUNK_BYTES = 8 << 20
PART_BYTES = 8 << 20
_MARGIN = 1 << 16  # read beyond a part's end, for its last line
_NEWLINE = 10
LINE_LIMIT = 64 << 20
PAYLOAD_LIMIT = 1 << 20


@dataclass(frozen=True)
class Chunk:
    """Whole lines, or the head of one line that is too long to be read.

    Attributes:
        data: the bytes; the last line of a file may lack its newline.
        offset: where `data` begins in the (decompressed) file.
        line: 1-based number of the first line; None where the file was entered in the middle.
        overlong: `data` is the first part of a line longer than the limit; the rest was skipped.
    """

    data: bytes = field(repr=False)
    offset: int
    line: int | None
    overlong: bool = False


@contextmanager
def open_stream(place: Place) -> Iterator[BinaryIO]:
    """Open a place's bytes, decompressed where they are gzip (told by the magic number, RFC 1952)."""
    with place.open() as raw:
        if is_gzip(raw):
            with gzip.GzipFile(fileobj=raw) as unzipped:
                yield cast(BinaryIO, unzipped)
        else:
            yield raw


def is_gzip(raw: BinaryIO) -> bool:
    """Whether the stream holds gzip; leaves it at its beginning."""
    magic = raw.read(2)
    raw.seek(0)
    return magic == b"\x1f\x8b"


def read_chunks(
    stream: BinaryIO,
    start: int = 0,
    stop: int | None = None,
    size: int = CHUNK_BYTES,
    limit: int = LINE_LIMIT,
) -> Iterator[Chunk]:
    """The lines that begin in `[start, stop)`, in chunks of about `size` bytes.

    Raises:
        Rejected: `corrupt-gzip`, after the lines before the damage were given.
    """
    position, line = start, 1 if start == 0 else None
    if start:
        position = _skip_line(stream, start - 1, size)
    held = b""
    while stop is None or position < stop:
        block = read_block(
            stream, size if stop is None else max(min(size, stop - position - len(held)), 0) + _MARGIN
        )
        data = held + block
        cut = _cut(data, position, stop) if block else len(data)
        if not cut and len(data) > limit:
            yield Chunk(data[:PAYLOAD_LIMIT], position, line, overlong=True)
            held, position = b"", _skip_line(stream, position + len(data), size, seek=False)
            line = None if line is None else line + 1
            continue
        if cut:
            yield Chunk(data[:cut], position, line)
            line = (
                None
                if line is None
                else line + int(np.count_nonzero(np.frombuffer(data, np.uint8, cut) == _NEWLINE))
            )
        if not block:
            return
        held, position = data[cut:], position + cut


def _cut(data: bytes, position: int, stop: int | None) -> int:
    """How many bytes of `data` are whole lines that begin before `stop`."""
    whole = data.rfind(b"\n") + 1
    if stop is None or position + whole <= stop:
        return whole
    return data.find(b"\n", max(0, stop - 1 - position)) + 1


def _skip_line(stream: BinaryIO, position: int, size: int, seek: bool = True) -> int:
    """Go from `position` to the byte after the next newline, and return where that is."""
    if seek:
        stream.seek(position)
    while block := read_block(stream, min(size, 1 << 16)):
        found = block.find(b"\n") + 1
        if found:
            stream.seek(position + found)
            return position + found
        position += len(block)
    return position


def read_block(stream: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes.

    Raises:
        Rejected: `corrupt-gzip`.
    """
    try:
        return stream.read(size)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Rejected("corrupt-gzip", "stream", "a whole gzip file; export it again") from None
