"""Whether a file is DICOM, and how its data set is encoded: told by its bytes, never by its name."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.dicom.cursor import open_cursor
from contracts.errors import Rejected

if TYPE_CHECKING:
    from connectors.dicom.cursor import Cursor
    from contracts.protocols import Place

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED_LITTLE = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
GE_PRIVATE = "1.2.840.113619.5.2"
"""GE's own: Implicit VR Little Endian but for the pixels, which are big endian."""
NATIVE = frozenset({"", IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED_LITTLE, EXPLICIT_BIG, GE_PRIVATE})
"""Transfer syntaxes whose pixels are not encapsulated; "" where a file states none."""
DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
"""Media Storage Directory Storage: what a DICOMDIR is."""

LONG_VRS = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
"""VRs whose length takes four bytes (PS3.5 table 7.1-1)."""
SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL"}
    | {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
UNDEFINED = 0xFFFFFFFF
_HEAD = 4096
_ENOUGH = 3
_META_LIMIT = 1 << 20


@dataclass(frozen=True)
class Encoding:
    """How a data set's elements are written."""

    implicit: bool = False
    little: bool = True


@dataclass(frozen=True)
class Opening:
    """What the beginning of a DICOM file says.

    Attributes:
        offset: byte at which the data set begins (for deflated ones: the deflated bytes).
        encoding: of the data set.
        deflated: whether the data set is deflated as a whole.
        transfer_syntax: UID, "" where the file states none.
        media_class: Media Storage SOP Class UID, "" where the file states none.
        preamble: whether the file has the 128 bytes and `DICM`.
    """

    offset: int
    encoding: Encoding
    deflated: bool = False
    transfer_syntax: str = ""
    media_class: str = ""
    preamble: bool = True


def recognise(place: Place) -> Opening | None:
    """Read a file's beginning; None where it is not DICOM.

    A file without preamble (or without any file meta) is taken for DICOM when its first bytes are a plausible run of
    elements of groups 0002 or 0008.

    Raises:
        Rejected: `truncated-file` where the file ends inside its file meta, or right behind it.
    """
    size = place.size
    with open_cursor(place) as cursor:
        head = cursor.read(_HEAD)
    preamble = head[128:132] == b"DICM"
    start = 132 if preamble else 0
    if not preamble and not (guess_encoding(head) or _is_bare_meta(head)):
        return None
    with open_cursor(place, start) as cursor:
        length, found = _read_meta(cursor)
    offset = start + length
    if offset >= size:
        raise Rejected("truncated-file", f"byte {offset}", "a data set behind the file meta")
    syntax = found.get(0x0010, "")
    deflated = syntax == DEFLATED_LITTLE
    with open_cursor(place, offset, deflated) as cursor:
        encoding = _encoding_of(syntax, cursor.read(_HEAD))
    return Opening(offset, encoding, deflated, syntax, found.get(0x0002, ""), preamble)


def _encoding_of(syntax: str, head: bytes) -> Encoding:
    """As the transfer syntax says, unless the bytes plainly say otherwise."""
    if not syntax:
        return guess_encoding(head) or Encoding()
    if syntax == EXPLICIT_BIG:
        return Encoding(little=False)
    if syntax in (IMPLICIT_LITTLE, GE_PRIVATE):
        return Encoding(implicit=head[4:6] not in LONG_VRS | SHORT_VRS)
    return Encoding(implicit=bool(head) and not _is_vr(head[4:6]))


def _is_vr(two: bytes) -> bool:
    return len(two) == 2 and two.isalpha() and two.isupper()


def _read_meta(cursor: Cursor) -> tuple[int, dict[int, str]]:
    """Length of the file meta (group 0002, always Explicit VR Little Endian), and its short values by element."""
    found: dict[int, str] = {}
    while True:
        end = cursor.position
        header = cursor.read(8)
        if len(header) < 8 or header[:2] != b"\x02\x00":
            return end, found
        element, vr, length = struct.unpack("<H2sH", header[2:])
        if vr in LONG_VRS:
            more = cursor.read(4)
            length = int.from_bytes(more, "little") if len(more) == 4 else UNDEFINED
        if element in (0x0002, 0x0010) and length <= 128:
            value = cursor.read(length)
            found[element] = value.decode("ascii", "replace").strip(" \x00")
            complete = len(value) == length
        else:
            complete = cursor.skip(length)
        if not complete or cursor.position > _META_LIMIT:
            raise Rejected("truncated-file", f"tag 0002{element:04X}", "a value within the file")


def _is_bare_meta(head: bytes) -> bool:
    """Whether bytes without preamble begin with file meta."""
    return head[:2] == b"\x02\x00" and guess_encoding(head) is not None


def guess_encoding(head: bytes) -> Encoding | None:
    """The encoding under which the bytes are a plausible beginning of elements; None where there is none."""
    for encoding in (Encoding(), Encoding(implicit=True), Encoding(little=False)):
        if _count_plausible(head, encoding) >= _ENOUGH:
            return encoding
    return None


def _count_plausible(head: bytes, encoding: Encoding) -> int:
    """How many elements in a row, from the first byte on, are ones that a data set may begin with.

    Tags ascend, the first is of group 0002 or 0008 and ends within `head`, VRs exist, and what is implicit is in the
    dictionary. Where `head` ends after the first, that one settles it.
    """
    at, count, last = 0, 0, -1
    order = "<" if encoding.little else ">"
    while count < _ENOUGH:
        if at + 12 > len(head):
            return _ENOUGH if count else 0
        group, element = struct.unpack_from(f"{order}HH", head, at)
        tag = group << 16 | element
        if tag <= last or (count == 0 and group not in (0x0002, 0x0008)):
            return 0
        step = _step(head, at, encoding, order, tag)
        if step is None or (count == 0 and step > len(head)):
            return 0
        at, last, count = at + step, tag, count + 1
    return count


def _step(head: bytes, at: int, encoding: Encoding, order: str, tag: int) -> int | None:
    """Bytes to the next element; None where this one is implausible."""
    vr = head[at + 4 : at + 6]
    if encoding.implicit and tag >> 16 != 0x0002:
        (length,) = struct.unpack_from(f"{order}L", head, at + 4)
        return 8 + length if _is_known(tag) and (length == UNDEFINED or length % 2 == 0) else None
    if vr in SHORT_VRS:
        return 8 + int(struct.unpack_from(f"{order}H", head, at + 6)[0])
    if vr in LONG_VRS:
        return 12 + int(struct.unpack_from(f"{order}L", head, at + 8)[0])
    return None


def _is_known(tag: int) -> bool:
    from pydicom.datadict import dictionary_has_tag

    return tag & 0xFFFF == 0 or dictionary_has_tag(tag)
