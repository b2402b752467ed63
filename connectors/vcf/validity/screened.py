"""What a screen tells of a chunk's lines: where they are, which are surely without fault, how they follow on another.

A screen only ever says "surely without fault" or "to be judged": what is wrong is told by the judges alone. Two screens
give the same: the plain one here, which has every line judged, and the compiled one (`kernel`), for large files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from connectors.vcf.validity.samples import Plan

CONTIG_BYTES = 1024
LAST_POSITION = 2_147_483_647
EMPTY, FIXED, SAMPLES, CHANGED, UNSORTED, OVERLAPS = 1, 2, 4, 8, 16, 32
"""Flags of a line: it is empty; its first eight columns are to be judged; so are FORMAT and samples; its contig is
another than the record's before; its position is smaller than that one's; it overlaps records before it."""


@dataclass
class Lines:
    """Some lines of a file, in its order.

    Attributes:
        data: their bytes, and whatever stands around them, (b,) uint8.
        starts, ends: where each begins and where its text ends, without its end of line, (n,) int32.
        numbers: their numbers in the file, from 1, (n,) int64.
        flags: (n,) uint8.
        positions: POS, -1 where it is none, (n,) int64.
        plans: the number of the FORMAT column's plan, -1 where the screen tells of none, (n,) int32.
    """

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    numbers: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.starts)
        empty = self.ends == self.starts
        for index in np.flatnonzero(
            ~empty & (self.data[np.minimum(self.starts, len(self.data) - 1)] <= 32)
        ).tolist():
            empty[index] = not self.text(index).strip()
        self.flags = np.where(empty, EMPTY, 0).astype(np.uint8)
        self.positions = np.full(count, -1, np.int64)
        self.plans = np.full(count, -1, np.int32)

    def text(self, index: int) -> bytes:
        """A line's bytes."""
        return self.data[self.starts[index] : self.ends[index]].tobytes()


class Screen(Protocol):
    """Looks over lines and writes their flags, positions and plans."""

    plans: list[Plan]

    def look(self, lines: Lines) -> None: ...


def split_lines(text: bytes, first: int) -> Lines:
    """The lines of a text; the last may lack its end.

    Args:
        text: at most 2 GiB.
        first: the number of its first line in the file.
    """
    data = np.frombuffer(text, np.uint8)
    breaks = np.flatnonzero(data == 10).astype(np.int32)
    if len(data) and data[-1] != 10:
        breaks = np.append(breaks, np.int32(len(data)))
    starts = np.concatenate([np.zeros(1, np.int32), breaks[:-1] + 1]).astype(np.int32)[: len(breaks)]
    ends = breaks.copy()
    if len(ends):
        ends[(ends > starts) & (data[np.maximum(ends - 1, 0)] == 13)] -= 1
    return Lines(data, starts, ends, np.arange(first, first + len(starts), dtype=np.int64))


class PlainScreen:
    """Has every line judged."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self._contig: bytes | None = None
        self._last = self._reach = -1

    def look(self, lines: Lines) -> None:
        """Write the flags and positions of lines."""
        for index in np.flatnonzero(lines.flags != EMPTY).tolist():
            columns = lines.text(index).split(b"\t", 4)
            flags = FIXED | SAMPLES
            if len(columns) == 5 and _is_followed(columns):
                lines.positions[index] = int(columns[1])
                flags |= self._follow(columns[0], int(columns[1]), len(columns[3]))
            lines.flags[index] = flags

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


def _is_followed(columns: list[bytes]) -> bool:
    if len(columns[0]) > CONTIG_BYTES or not columns[1].isdigit() or len(columns[1]) > 10:
        return False
    return int(columns[1]) <= LAST_POSITION
