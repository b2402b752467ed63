"""Cutting a CSV file into blocks of whole rows: line breaks in quotes stay, memory is bounded by the block.

A block whose quotes are as RFC 4180 has them (a quoted cell is quoted whole, a quote in it is doubled) is found so by
array work and handed on as it is. In any other block each row is looked at: the rows around a stray quote are cells as
they stand where they have the right number, else they are told as bad, and the next line begins a new row.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from contracts.errors import Rejected

if TYPE_CHECKING:
    from contracts.protocols import Place

BLOCK_BYTES = 2 << 20
HEADER_LIMIT = 64 << 10
ROW_LIMIT = 16 << 20
PAYLOAD_LIMIT = 1 << 20
_QUOTE = 34


@dataclass(frozen=True)
class Block:
    """Whole rows.

    Attributes:
        data: the rows, without those in `stray`.
        stray: lines with a quote that is none, by the number of rows of the block before each.
        overlong: the beginning of the block's only row, which is longer than the limit.
        split: how many rows `data` was split into; -1 where its quotes are sound and nobody has looked at each.
    """

    data: bytes = field(repr=False)
    stray: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)
    overlong: bytes = field(default=b"", repr=False)
    split: int = -1


@contextmanager
def open_text(place: Place) -> Iterator[BinaryIO]:
    """Open a place's bytes, decompressed where they are gzip (told by the magic number, RFC 1952)."""
    with place.open() as raw:
        magic = raw.read(2)
        raw.seek(0)
        if magic == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as unzipped:
                yield cast(BinaryIO, unzipped)
        else:
            yield raw


def read_header(stream: BinaryIO) -> tuple[str, bytes, bool]:
    """The first line without its break and byte order mark, what was read beyond it, and whether it has its break.

    Raises:
        Rejected: `invalid-utf8` or `corrupt-gzip`.
    """
    data = b""
    while b"\n" not in data and len(data) < HEADER_LIMIT:
        more = read_bytes(stream, HEADER_LIMIT)
        if not more:
            break
        data += more
    line, whole, rest = data.partition(b"\n")
    try:
        return line.decode("utf-8-sig").rstrip("\r"), rest, bool(whole)
    except UnicodeDecodeError:
        raise Rejected("invalid-utf8", "row 1", "save it as UTF-8") from None


def read_blocks(
    stream: BinaryIO, held: bytes, delimiter: str, size: int = BLOCK_BYTES, limit: int = ROW_LIMIT
) -> Iterator[Block]:
    """The rows after the header, in blocks of about `size` bytes.

    Args:
        stream: the file, after what was read of it already.
        held: what was read beyond the header.
        delimiter: what separates cells.
        size: bytes of a block.
        limit: bytes of a row; a quote that none closes so far is a stray one.

    Raises:
        Rejected: `corrupt-gzip`, after the rows before the damage were given.
    """
    data, ended = held, False
    while True:
        while len(data) < size and not ended:
            more = read_bytes(stream, size - len(data))
            ended, data = not more, data + more
        if not data:
            return
        overlong = len(data) > limit
        cut, clean = _cut_clean(data, delimiter, ended)
        if clean and cut:
            yield Block(data[:cut])
        elif overlong or not clean:
            block, cut = _cut_stray(data, delimiter, ended, overlong)
            if cut:
                yield block
        if not cut and overlong:
            yield Block(b"", overlong=data[:PAYLOAD_LIMIT])
            data = _skip_line(stream)
        elif not cut:  # a row longer than what was read
            more = read_bytes(stream, size)
            ended, data = not more, data + more
        else:
            data = data[cut:]


def _skip_line(stream: BinaryIO) -> bytes:
    """Read on to the end of the line, and return what was read beyond it."""
    while block := read_bytes(stream, HEADER_LIMIT):
        _, found, rest = block.partition(b"\n")
        if found:
            return rest
    return b""


def count_rows(stream: BinaryIO, held: bytes, delimiter: str) -> Iterator[int]:
    """How many rows there are, by blocks. Vocabularies come with tabs, and with quotes that mean nothing."""
    if delimiter == "\t":
        yield from _count_lines(stream, held)
        return
    for block in read_blocks(stream, held, delimiter):
        yield rows_in(block)


def rows_in(block: Block) -> int:
    """How many rows a block has: what lies between line breaks that no quotes enclose, blank lines left out."""
    if block.split >= 0:
        return block.split + len(block.stray)
    view = np.frombuffer(block.data, np.uint8)
    quotes, breaks = np.flatnonzero(view == _QUOTE), np.flatnonzero((view == 10) | (view == 13))
    if len(quotes):
        breaks = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
    lengths = np.diff(breaks, prepend=-1, append=len(view)) - 1
    return int(np.count_nonzero(lengths)) + len(block.stray) + bool(block.overlong)


def _count_lines(stream: BinaryIO, held: bytes) -> Iterator[int]:
    last = b""
    data = held or read_bytes(stream, BLOCK_BYTES)
    while data:
        yield data.count(b"\n")
        last, data = data[-1:], read_bytes(stream, BLOCK_BYTES)
    yield int(last not in (b"", b"\n"))


def read_bytes(stream: BinaryIO, size: int) -> bytes:
    """Some bytes, none at the end. Raises Rejected `corrupt-gzip`."""
    try:
        return stream.read(size)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Rejected("corrupt-gzip", "stream", "a whole gzip file; export it again") from None


def _cut_clean(data: bytes, delimiter: str, final: bool) -> tuple[int, bool]:
    """How many bytes are whole rows, and whether the quotes in them are sound."""
    view = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(view == _QUOTE)
    if not len(quotes):
        return (len(data) if final else data.rfind(b"\n") + 1), True
    cut = len(data) if final and len(quotes) % 2 == 0 else _last_break(data, quotes)
    inside = quotes[quotes < cut]
    return cut, _are_sound(view, inside, delimiter) and not (final and len(quotes) % 2)


def _last_break(data: bytes, quotes: np.ndarray) -> int:
    """The end of the last line break that no quotes enclose, as far as quotes alternate."""
    at = data.rfind(b"\n")
    while at >= 0:
        before = int(np.searchsorted(quotes, at))
        if before % 2 == 0:
            return at + 1
        at = data.rfind(b"\n", 0, int(quotes[before - 1]))
    return 0


def _are_sound(view: np.ndarray, quotes: np.ndarray, delimiter: str) -> bool:
    """Whether each opening quote begins a cell and each closing one ends it; doubled quotes close and open at once."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening > 0, view[opening - 1], 10)
    after = view[np.minimum(closing + 1, len(view) - 1)]
    after = np.where(closing + 1 < len(view), after, 10)
    edges = [ord(delimiter), 10, 13, _QUOTE]
    return bool(np.isin(before, edges).all() and np.isin(after, edges).all())


@lru_cache(maxsize=8)
def _tokens(delimiter: str) -> re.Pattern[bytes]:
    """A quote that begins a cell: of a whole quoted cell, of one that the data's end cuts off, or a stray one."""
    edge = re.escape(delimiter.encode()) + rb"\r\n"
    return re.compile(
        rb"(?:\A|(?<=[" + edge + rb']))"'
        rb'(?:(?P<whole>[^"]*(?:""[^"]*)*"(?=[' + edge + rb"]|\Z))"
        rb'|(?P<open>[^"]*(?:""[^"]*)*"?\Z)|(?P<stray>))'
    )


def _cut_stray(data: bytes, delimiter: str, ended: bool, overlong: bool) -> tuple[Block, int]:
    """The whole rows of data whose quotes are not sound, each looked at.

    Args:
        data: begins with a row.
        delimiter: what separates cells.
        ended: there is no more.
        overlong: a quote that is open at the end of `data` is a stray one.
    """
    kept: list[bytes] = []
    stray: list[tuple[int, bytes]] = []
    rows = last = split = 0
    for start, last, odd in _rows_of(data, delimiter, ended, overlong):
        line = data[start:last]
        if not line.strip(b"\r\n"):
            continue
        if odd:
            stray.append((rows, line))
        else:
            kept.append(line if line.endswith(b"\n") else line + b"\n")
            split += _pieces(line, delimiter)
        rows += 1
    return Block(b"".join(kept), tuple(stray), split=split), last


def _pieces(line: bytes, delimiter: str) -> int:
    """How many rows a line is: a bare CR ends one too, where no quotes enclose it."""
    if b"\r" not in line.rstrip(b"\r\n"):
        return 1
    bare = _tokens(delimiter).sub(b"x", line)
    return sum(1 for piece in re.split(rb"[\r\n]", bare) if piece)


def _rows_of(data: bytes, delimiter: str, ended: bool, overlong: bool) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether a stray quote is in it) of each whole row."""
    spans: list[tuple[int, int]] = []  # of quoted cells with line breaks
    odd: list[int] = []
    stop, position = len(data), 0
    pattern = _tokens(delimiter)
    while found := pattern.search(data, position):
        position = found.end()
        if found.lastgroup == "whole":
            if b"\n" in found.group():
                spans.append(found.span())
        elif found.lastgroup == "open" and not (ended or overlong):
            stop = found.start()
            break
        else:
            odd.append(found.start())
            position = found.start() + 1
    return _split(data, spans, odd, stop, ended)


def _split(
    data: bytes, spans: list[tuple[int, int]], odd: list[int], stop: int, ended: bool
) -> Iterator[tuple[int, int, bool]]:
    start, position, span, mark = 0, 0, 0, 0
    while start < len(data):
        at = data.find(b"\n", position)
        if at < 0 or at >= stop:
            if ended and start < len(data):
                yield start, len(data), mark < len(odd)
            return
        while span < len(spans) and spans[span][1] <= at:
            span += 1
        if span < len(spans) and spans[span][0] < at:
            position = spans[span][1]
            continue
        marked = False
        while mark < len(odd) and odd[mark] <= at:
            marked, mark = True, mark + 1
        yield start, at + 1, marked
        start = position = at + 1
