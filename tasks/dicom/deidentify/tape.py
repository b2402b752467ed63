"""A data set's bytes from begin to end through a window: only what is looked at is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.errors import Rejected

if TYPE_CHECKING:
    from connectors.dicom.cursor import Cursor

HELD_LIMIT = 64 << 20
"""Bytes that one element may make the window hold: a value that is to be read, or a sequence."""
FIRST = 1 << 16


class Tape:
    """The window: `data` begins at byte `base` of the data set. It only goes on."""

    def __init__(self, cursor: Cursor, first: int = FIRST) -> None:
        self._cursor = cursor
        self.base = 0
        self.data = cursor.read(first)
        self.ended = len(self.data) < first

    def widen(self, start: int, size: int) -> None:
        """Let go of what lies before `start` (in the window), and hold `size` bytes from there on, or to the end.

        Raises:
            Rejected: `too-large` where that is more than may be held.
        """
        if size > HELD_LIMIT:
            raise Rejected("too-large", "an element of the header", f"at most {HELD_LIMIT} bytes")
        self.base += start
        kept = self.data[start:]
        more = self._cursor.read(max(size - len(kept), 0))
        self.ended = len(kept) + len(more) < size
        self.data = kept + more

    def skip(self, start: int, count: int) -> None:
        """Let go of all before `start` (in the window) and of the `count` bytes from there on.

        Raises:
            Rejected: `truncated-file` where the data set has not so many.
        """
        inside = len(self.data) - start
        if count <= inside:
            self.base += start + count
            self.data = self.data[start + count :]
            return
        if not self._cursor.skip(count - inside):
            raise Rejected("truncated-file", f"byte {self.base + start}", "a value within the file")
        self.base += start + count
        self.data = b""
