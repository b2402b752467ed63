"""Walk a data set's elements by their lengths alone: what is where, what is cut off, how deep it nests.

Nothing is believed of a length but what the file's end confirms, and no value is read: a header of any size is walked
in the memory of one element header. Parsing values is left to pydicom, on the few bytes that are wanted.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.dicom.recognise import LONG_VRS, UNDEFINED, Encoding
from contracts.errors import Rejected

if TYPE_CHECKING:
    from connectors.dicom.cursor import Cursor

DEPTH_LIMIT = 32
"""Sequences inside sequences; what nests deeper is no honest image."""
_ELEMENT_LIMIT = 2_000_000
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, Double Float, and (integer) Pixel Data."""
_BULK = frozenset({"OB", "OW"})


@dataclass(frozen=True)
class Element:
    """One element of the top level; offsets in bytes from the data set's begin.

    `length` is -1 where it is undefined; `value` is where the value begins and `end` the byte behind it.
    """

    tag: int
    vr: str
    start: int
    value: int
    length: int
    end: int


class _Malformed(Exception):
    """Something inside a sequence of known length does not add up: the sequence is passed over whole."""


class Walker:
    """Walks one data set.

    Args:
        cursor: at the data set's begin.
        encoding: how it is written.

    Attributes:
        trailing: whether something lies behind the data set.
        count: elements met so far, items and delimiters too, at all depths.
    """

    def __init__(self, cursor: Cursor, encoding: Encoding) -> None:
        self.trailing = False
        self.count = 0
        self._cursor = cursor
        self._order = "<" if encoding.little else ">"
        self._implicit = encoding.implicit

    def elements(self) -> Iterator[Element]:
        """The elements of the top level, each once its value has been passed.

        Raises:
            Rejected: `truncated-file`, `nested-too-deep`, `too-many-elements`, or `unreadable` where an undefined
                length is not closed as the standard has it (PS3.5 7.5).
        """
        last, pixels = -1, False
        while True:
            start = self._cursor.position
            raw = self._cursor.read(8)
            if not raw or (len(raw) < 8 and (pixels or not raw.strip(b"\x00"))):
                return
            tag, vr, length = self._header(raw, self._implicit, None)
            if (pixels and tag <= last) or (tag == 0 and length == 0):
                self.trailing = True  # padding of some archive: the data set is over
                return
            value = self._cursor.position
            try:
                self._pass(tag, vr, length, self._implicit, None, 0)
            except _Malformed:
                raise Rejected(
                    "unreadable", f"tag {tag:08X}", "items and delimiters in their places"
                ) from None
            pixels = pixels or tag in PIXEL_TAGS
            last = tag
            declared = -1 if length == UNDEFINED else length
            yield Element(tag, vr, start, value, declared, self._cursor.position)

    def _header(self, raw: bytes, implicit: bool, end: int | None) -> tuple[int, str, int]:
        """Tag, VR ("" where it is not written) and length, from the first eight bytes of an element."""
        self.count += 1
        if self.count > _ELEMENT_LIMIT:
            raise Rejected("too-many-elements", "data set", f"at most {_ELEMENT_LIMIT} elements")
        if len(raw) < 8:
            raise Rejected("truncated-file", f"byte {self._cursor.position}", "whole elements")
        group, number = struct.unpack(f"{self._order}HH", raw[:4])
        tag, vr = group << 16 | number, raw[4:6]
        written = group != 0xFFFE and not implicit and b"AA" <= vr <= b"ZZ"
        if not written:
            return tag, "", int(struct.unpack(f"{self._order}L", raw[4:])[0])
        if vr not in LONG_VRS:
            return tag, vr.decode("latin-1"), int(struct.unpack(f"{self._order}H", raw[6:])[0])
        more = self._take(4, end)
        return tag, vr.decode("latin-1"), int(struct.unpack(f"{self._order}L", more)[0])

    def _take(self, count: int, end: int | None) -> bytes:
        """Read `count` bytes, inside of `end`."""
        if end is not None and self._cursor.position + count > end:
            raise _Malformed
        data = self._cursor.read(count)
        if len(data) < count:
            raise Rejected("truncated-file", f"byte {self._cursor.position}", "whole elements")
        return data

    def _skip(self, count: int, end: int | None, tag: int) -> None:
        if end is not None and self._cursor.position + count > end:
            raise _Malformed
        if not self._cursor.skip(count):
            raise Rejected("truncated-file", f"tag {tag:08X}", "a value within the file")

    def _pass(self, tag: int, vr: str, length: int, implicit: bool, end: int | None, depth: int) -> None:
        """Pass over a value, walking whatever nests in it."""
        if length == UNDEFINED:
            if tag in PIXEL_TAGS or vr in _BULK:
                self._pass_fragments(tag, end)
            else:  # a sequence in UN is written implicitly (PS3.5 6.2.2)
                self._pass_items(tag, implicit or vr == "UN", end, depth + 1, closed=True)
        elif vr == "SQ" or (not vr and length and _is_sequence(tag)):
            self._pass_bounded(tag, length, implicit, end, depth + 1)
        else:
            self._skip(length, end, tag)

    def _pass_bounded(self, tag: int, length: int, implicit: bool, end: int | None, depth: int) -> None:
        """Pass over a sequence of known length; what does not add up inside stays inside."""
        stop = self._cursor.position + length
        if end is not None and stop > end:
            raise _Malformed
        with suppress(_Malformed):  # the sequence's own length still says where it ends
            self._pass_items(tag, implicit, stop, depth, closed=False)
        self._skip(stop - self._cursor.position, None, tag)

    def _pass_items(self, tag: int, implicit: bool, end: int | None, depth: int, *, closed: bool) -> None:
        """Pass over items, to the delimiter where there is one (`closed`), else to `end`."""
        if depth > DEPTH_LIMIT:
            raise Rejected(
                "nested-too-deep", f"tag {tag:08X}", f"at most {DEPTH_LIMIT} sequences in one another"
            )
        while closed or end is None or self._cursor.position < end:
            found, _, length = self._header(self._take(8, end), implicit, end)
            if found == _SEQUENCE_END:
                return
            if found != _ITEM:
                raise _Malformed
            if length == UNDEFINED:
                self._pass_item(implicit, end, depth, closed=True)
            else:
                stop = self._cursor.position + length
                if end is not None and stop > end:
                    raise _Malformed
                self._pass_item(implicit, stop, depth, closed=False)

    def _pass_item(self, implicit: bool, end: int | None, depth: int, *, closed: bool) -> None:
        while closed or end is None or self._cursor.position < end:
            tag, vr, length = self._header(self._take(8, end), implicit, end)
            if tag == _ITEM_END:
                return
            self._pass(tag, vr, length, implicit, end, depth)

    def _pass_fragments(self, tag: int, end: int | None) -> None:
        """Pass over encapsulated pixels (PS3.5 A.4): fragments of known length, then the sequence delimiter."""
        while True:
            found, _, length = self._header(self._take(8, end), True, end)
            if found == _SEQUENCE_END:
                return
            if found != _ITEM or length == UNDEFINED:
                raise _Malformed
            self._skip(length, end, tag)


def _is_sequence(tag: int) -> bool:
    from pydicom.datadict import dictionary_has_tag, dictionary_VR

    return dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"
