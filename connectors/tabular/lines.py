"""The lines of a text file, decompressed and decoded, none of them longer than can be held."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from contracts.errors import Rejected

if TYPE_CHECKING:
    from contracts.protocols import Place

LINE_LIMIT = 16 << 20
"""Characters; a longer line is cut off, and rejected by whoever reads it."""
SURROGATE = "surrogateescape"
"""Bytes that are none of the encoding come as lone surrogates, so that one of them costs one row and no file."""


@contextmanager
def open_text(place: Place, encoding: str) -> Iterator[io.TextIOWrapper]:
    """Open a file as text, decompressed where it is gzip (told by its magic number, RFC 1952).

    Line ends are kept as they are, since a quoted cell may hold some.
    """
    with place.open() as raw:
        magic = raw.read(2)
        raw.seek(0)
        data = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if magic == b"\x1f\x8b" else raw
        name = "utf-8-sig" if encoding == "utf-8" else encoding
        text = io.TextIOWrapper(data, encoding=name, errors=SURROGATE, newline="")
        try:
            yield text
        finally:
            if data is raw:
                text.detach()  # the place closes what it opened


def read_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines with their ends. Of a line over the limit its head comes, without an end, and the rest is skipped.

    Raises:
        Rejected: `corrupt-gzip`, or `wrong-encoding` where the text cannot be decoded at all.
    """
    while line := _next_line(text):
        yield line
        if len(line) >= LINE_LIMIT and not line.endswith(("\n", "\r")):
            while (rest := _next_line(text)) and not rest.endswith(("\n", "\r")):
                pass


def _next_line(text: io.TextIOWrapper) -> str:
    try:
        return text.readline(LINE_LIMIT)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Rejected("corrupt-gzip", "stream", "a whole gzip file; export it again") from None
    except UnicodeError:
        raise Rejected("wrong-encoding", "file", "text in the encoding that is declared for it") from None
