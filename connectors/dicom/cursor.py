"""Reading forward through a unit's bytes, whether they are plain, remote or deflated, without holding them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Protocol

from contracts.errors import Rejected

if TYPE_CHECKING:
    from contracts.protocols import Place

_CHUNK = 1 << 16
_INFLATED_LIMIT = 8 << 30


class Cursor(Protocol):
    """A position in a stream of bytes that only goes on."""

    position: int

    def read(self, count: int) -> bytes:
        """Up to `count` bytes; fewer where the stream ends."""
        ...

    def skip(self, count: int) -> bool:
        """Pass over `count` bytes; False where the stream ends before."""
        ...


class PlainCursor:
    """Over the bytes of a file, from `offset` on; positions count from there."""

    def __init__(self, file: BinaryIO, size: int, offset: int) -> None:
        self.position = 0
        self._file = file
        self._seekable = file.seekable()
        self._size = size - offset
        if self._seekable:
            file.seek(offset)
        else:
            _drain(file, offset)

    def read(self, count: int) -> bytes:
        """Up to `count` bytes, never more than the file holds, whatever a header promises."""
        data = self._file.read(min(count, max(0, self._size - self.position)))
        self.position += len(data)
        return data

    def skip(self, count: int) -> bool:
        """Pass over `count` bytes; False, and nothing moved, where the file is too short."""
        if self.position + count > self._size:
            return False
        if self._seekable:
            self._file.seek(count, 1)
        elif _drain(self._file, count) < count:
            return False
        self.position += count
        return True


class InflatingCursor:
    """Over the inflated bytes of a Deflated Explicit VR data set (PS3.5 A.5)."""

    def __init__(self, inner: PlainCursor) -> None:
        self.position = 0
        self._inner = inner
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)

    def read(self, count: int) -> bytes:
        """Up to `count` inflated bytes."""
        pieces = []
        while count > 0 and (piece := self._next(count)):
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def skip(self, count: int) -> bool:
        """Inflate `count` bytes and let go of them."""
        while count > 0 and (piece := self._next(min(count, _CHUNK * 16))):
            count -= len(piece)
        return count <= 0

    def _next(self, count: int) -> bytes:
        """One to `count` bytes; none at the end, of the stream or of a file that was cut."""
        while not self._inflater.eof:
            data = self._inflater.unconsumed_tail or self._inner.read(_CHUNK)
            try:
                piece = self._inflater.decompress(data, count)
            except zlib.error:
                raise Rejected("unreadable", "zlib.error", "a deflated data set") from None
            self.position += len(piece)
            if self.position > _INFLATED_LIMIT:
                raise Rejected("too-large", "deflated data set", f"at most {_INFLATED_LIMIT} bytes inflated")
            if piece or not data:
                return piece
        return b""


@contextmanager
def open_cursor(place: Place, offset: int = 0, deflated: bool = False) -> Iterator[Cursor]:
    """A cursor over a unit's bytes from `offset` on, inflated where the rest of the file is deflated."""
    with place.open() as file:
        plain = PlainCursor(file, place.size, offset)
        yield InflatingCursor(plain) if deflated else plain


def _drain(file: BinaryIO, count: int) -> int:
    """Read and let go of up to `count` bytes; returns how many there were."""
    passed = 0
    while passed < count and (data := file.read(min(_CHUNK, count - passed))):
        passed += len(data)
    return passed
