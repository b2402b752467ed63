"""What a screen tells of a chunk's lines: where they are, which are surely without fault, how they follow on another.

A screen only ever says "surely without fault" or "to be judged": what is wrong is told by the judges alone. Two screens
give the same: the plain one here, which has every line judged, and the compiled one (`kernel`), for large files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

EMPTY, FIXED, SAMPLES, CHANGED, UNSORTED, OVERLAPS = 1, 2, 4, 8, 16, 32
"""Flags of a line: it is empty; its first eight columns are to be judged; so are FORMAT and samples; its contig is
another than the record's before; its position is smaller than that one's; it overlaps records before it."""


@dataclass
class Lines:
    """The lines of a chunk.

    Attributes:
        starts, ends: where each begins and where its text ends in the chunk, (n,) int64.
        flags: (n,) uint8.
        positions: POS, -1 where it is none, (n,) int64.
        plans: the number of the FORMAT column's plan, -1 where it has none, (n,) int32.
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]
    positions: npt.NDArray[np.int64]
    plans: npt.NDArray[np.int32]


class Screen(Protocol):
    """Looks over a chunk of whole lines."""

    def look(self, chunk: bytes) -> Lines: ...


def split_lines(data: npt.NDArray[np.uint8]) -> Lines:
    """Where the lines are; nothing is said of them yet."""
    breaks = np.flatnonzero(data == 10).astype(np.int64)
    if len(data) and data[-1] != 10:
        breaks = np.append(breaks, len(data))
    starts = np.empty_like(breaks)
    if len(breaks):
        starts[0], starts[1:] = 0, breaks[:-1] + 1
    ends = breaks.copy()
    returns = (ends > starts) & (data[np.maximum(ends - 1, 0)] == 13) if len(data) else np.zeros(0, bool)
    ends[returns] -= 1
    count = len(breaks)
    flags = np.where(ends == starts, EMPTY, 0).astype(np.uint8)
    return Lines(starts, ends, flags, np.full(count, -1, np.int64), np.full(count, -1, np.int32))


class PlainScreen:
    """Has every line judged."""

    def __init__(self) -> None:
        self._contig: bytes | None = None
        self._last = self._reach = -1

    def look(self, chunk: bytes) -> Lines:
        """Flags of a chunk's lines."""
        lines = split_lines(np.frombuffer(chunk, np.uint8))
        for index in np.flatnonzero(lines.flags != EMPTY):
            columns = chunk[lines.starts[index] : lines.ends[index]].split(b"\t", 4)
            lines.flags[index] = FIXED | SAMPLES
            if len(columns) == 5 and columns[1].isdigit() and len(columns[1]) <= 10:
                lines.positions[index] = int(columns[1])
                lines.flags[index] |= self._follow(columns[0], int(columns[1]), len(columns[3]))
        return lines

    def _follow(self, contig: bytes, position: int, span: int) -> int:
        flags = 0
        if contig != self._contig:
            flags, self._contig, self._reach = CHANGED, contig, -1
        elif position < self._last:
            flags, self._reach = UNSORTED, -1
        if position <= self._reach:
            flags |= OVERLAPS
        self._last = position
        self._reach = max(self._reach, position + max(span, 1) - 1)
        return flags
