"""The parts of a multipart body as streams: nothing of it is held but a piece (RFC 2046, 5.1)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import BinaryIO, cast

_PIECE = 1 << 18
_HEAD_BYTES = 1 << 16
_BOUNDARY = re.compile(r'boundary="?([^";\s]{1,200})"?', re.IGNORECASE)


class Malformed(ValueError):
    """The body is not what its content type says, or ends before its end."""


def boundary_of(content_type: str) -> bytes:
    """The boundary that a `multipart/…` content type names.

    Raises:
        Malformed: it is none, or names none.
    """
    match = _BOUNDARY.search(content_type)
    if not content_type.lower().lstrip().startswith("multipart/") or match is None:
        raise Malformed("no multipart body")
    return match[1].encode("latin-1")


def open_first_part(read: Callable[[int], bytes], boundary: bytes) -> BinaryIO:
    """The first part's content. Reading it raises `Malformed` where the body ends before the part does.

    Args:
        read: the next bytes of the body, at most so many; none at its end.
        boundary: as `boundary_of` tells it.
    """
    part = _Part(read, boundary)
    return cast(BinaryIO, io.BufferedReader(part, _PIECE))


class _Part(io.RawIOBase):
    def __init__(self, read: Callable[[int], bytes], boundary: bytes) -> None:
        super().__init__()
        self._read = read
        self._mark = b"\r\n--" + boundary
        self._held = bytearray(b"\r\n")  # a boundary may stand at the very beginning
        self._over = False
        self._skip_to_content()

    def _skip_to_content(self) -> None:
        """Past the preamble, the first boundary and the part's headers."""
        after_boundary = self._find(self._mark) + len(self._mark)
        del self._held[:after_boundary]
        end = self._find(b"\r\n\r\n")
        del self._held[: end + 4]

    def _find(self, sought: bytes) -> int:
        while (at := self._held.find(sought)) < 0:
            if len(self._held) > _HEAD_BYTES:
                raise Malformed("the head of a part has no end")
            self._more()
        return at

    def _more(self) -> None:
        data = self._read(_PIECE)
        if not data:
            raise Malformed("the body ends before its last boundary")
        self._held += data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._over:
            return 0
        while True:
            at = self._held.find(self._mark)
            if at == 0:
                self._over = True
                return 0
            # what may be the beginning of a boundary waits for what follows it
            ready = at if at > 0 else len(self._held) - len(self._mark) + 1
            if ready > 0:
                break
            self._more()
        size = min(ready, len(buffer))
        buffer[:size] = self._held[:size]
        del self._held[:size]
        return size
