"""A gzip stream that can be entered in the middle: what it took to come so far is remembered at some places of it."""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE = 1 << 13
"""Compressed bytes taken at a time: deflate unfolds at most 1032 to 1, so that a piece never exceeds 8.5 MB."""
_GZIP = 16 + zlib.MAX_WBITS
_MOST_POINTS = 64
_FIRST_STEP = 1 << 18


@dataclass(frozen=True)
class _Point:
    """Inflating can begin here: at byte `at` of the content, `fed` bytes of the file are used up."""

    at: int
    fed: int
    inflater: Any = field(repr=False)


class Points:
    """Where a stream can be entered: at most 64 places, some 40 KB each, further apart the longer it is."""

    def __init__(self) -> None:
        self._points = [_Point(0, 0, zlib.decompressobj(_GZIP))]
        self._step = _FIRST_STEP

    def note(self, at: int, fed: int, inflater: Any) -> None:
        """Remember a place, if it is far enough behind the last one."""
        if at < self._points[-1].at + self._step:
            return
        self._points.append(_Point(at, fed, inflater.copy()))
        if len(self._points) > _MOST_POINTS:
            self._points = self._points[::2]
            self._step *= 2

    def before(self, offset: int) -> _Point:
        """The last place at or before a byte of the content."""
        return self._points[bisect_right([point.at for point in self._points], offset) - 1]


class Inflated(io.RawIOBase):
    """The content of a gzip file (RFC 1952; several members one behind the other, too) as a stream to be sought.

    Args:
        raw: the file, seekable.
        points: of this file; those passed are noted.
        judge: told how many bytes were inflated from how many, may raise `Rejected`.
    """

    def __init__(self, raw: BinaryIO, points: Points, judge: Callable[[int, int], None]) -> None:
        super().__init__()
        self._raw, self._points, self._judge = raw, points, judge
        self._enter(points.before(0))

    def _enter(self, point: _Point) -> None:
        self._inflater = point.inflater.copy()
        self._fed, self._end, self._at = point.fed, point.at, point.at
        self._held = memoryview(b"")
        self._raw.seek(point.fed)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            while self._fill():
                self._held = memoryview(b"")
            self._at = self._end
            offset += self._end
        elif whence == io.SEEK_CUR:
            offset += self._at
        target = max(0, offset)
        point = self._points.before(target)
        if target < self._at or point.at > self._end:
            self._enter(point)
        while self._at < target and (self._held or self._fill()):
            passed = min(len(self._held), target - self._at)
            self._held = self._held[passed:]
            self._at += passed
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._held and not self._fill():
            return 0
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        self._at += count
        return count

    def _fill(self) -> bool:
        """Inflate the next piece; False at the end.

        Raises:
            EOFError: the file ends before the stream does. zlib.error: it is damaged.
        """
        while True:
            self._points.note(self._end, self._fed, self._inflater)
            data = self._raw.read(_PIECE)
            if not data:
                if not self._inflater.eof:
                    raise EOFError
                return False
            self._fed += len(data)
            piece = self._inflate(data)
            self._judge(self._end + len(piece), self._fed)
            if piece:
                self._end += len(piece)
                self._held = memoryview(piece)
                return True

    def _inflate(self, data: bytes) -> bytes:
        """What a piece of the file unfolds to; behind the end of a member another one may begin, or padding."""
        pieces = []
        while data:
            if self._inflater.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                self._inflater = zlib.decompressobj(_GZIP)
            pieces.append(self._inflater.decompress(data))
            data = self._inflater.unused_data
        return b"".join(pieces)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
