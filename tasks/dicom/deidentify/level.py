"""One data set on its way to a new one: what is left of it, and who reserved its private blocks."""

from __future__ import annotations

import struct
from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.dicom.recognise import UNDEFINED
from tasks.dicom.deidentify.encode import ITEM, SEQUENCE_END

if TYPE_CHECKING:
    from tasks.dicom.deidentify.bench import Table


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes that are copied from the source: where they begin in the data set, and how many."""

    start: int
    length: int


Part = bytes | Span


class Broken(Exception):
    """Elements that do not add up, or of which the window does not hold all."""


@dataclass(slots=True)
class Level:
    """The file's own data set, or an item.

    Attributes:
        data: bytes that hold it.
        end: the byte behind it, or behind what is held of it.
        table: what to do with its elements.
        depth: sequences around it.
        out: its parts.
    """

    data: bytes
    end: int
    table: Table
    depth: int
    out: list[Part] = field(default_factory=list)
    _creators: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    _placed: dict[int, list[int]] = field(default_factory=dict)
    _begins: dict[int, int] = field(default_factory=dict)

    def reserve(self, tag: int, place: int, value: int, stop: int) -> None:
        """Note who reserves a private block (gggg,0010 to 00FF): the element from `place`, its value from `value`."""
        name = self.data[value : min(stop, value + 64)].decode("latin-1").strip(" \x00")
        self._creators[tag >> 16 << 8 | tag & 0xFF] = name, self.data[place:stop]

    def creator(self, tag: int) -> str:
        """Who reserved the block of a private element; empty where nobody did."""
        return self._creators.get(tag >> 8, ("", b""))[0]

    def keep_private(self, tag: int, element: bytes) -> None:
        """Put a private element out, and its creator before all elements of the group."""
        group, block = tag >> 16, tag >> 8
        begin = self._begins.setdefault(group, len(self.out))
        placed = self._placed.setdefault(group, [])
        if block not in placed:
            insort(placed, block)
            self.out.insert(begin + placed.index(block), self._creators[block][1])
        self.out.append(element)

    def fragments_end(self, place: int) -> int:
        """The byte behind encapsulated pixels inside of an item, whose fragments begin at `place` (PS3.5 A.4)."""
        while place + 8 <= self.end:
            group, element, length = struct.unpack_from(f"{self.table.order}HHL", self.data, place)
            place += 8
            if (group << 16 | element) == SEQUENCE_END:
                return place
            if (group << 16 | element) != ITEM or length == UNDEFINED:
                break
            place += length
        raise Broken
