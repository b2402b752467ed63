"""The fast reader: plainly written headers, from one read of the file's beginning, without pydicom.

Most files are explicit VR little endian, with tags that ascend and lengths that add up. Those are walked here, in the
bytes as they lie in memory; of each element the values are made by `plain_values`, and an element whose bytes were
seen before is not even parsed. Anything else is declined: then `walk` and pydicom read the file, and judge it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from struct import error as StructError
from typing import TYPE_CHECKING, Any, BinaryIO

from connectors.dicom.plain_values import VALUES, Declined, Values, encoding_of, model_element
from connectors.dicom.recognise import (
    DEFLATED_LITTLE,
    DIRECTORY_CLASS,
    EXPLICIT_BIG,
    GE_PRIVATE,
    IMPLICIT_LITTLE,
)
from connectors.dicom.walk import PIXEL_TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.protocols import Place

_HEADS = (1 << 14, 1 << 18, 1 << 20)
"""So many bytes of a file are read, the next where the header goes on behind them."""
_TAIL = 1 << 16
_CHARACTER_SET = 0x00080005
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
_EVERYTHING = 0xFFFFFFFF
_FRAGMENTS = 1 << 21
_MOST_PLANS, _MOST_PIECES, _PIECE_BYTES = 1 << 16, 1 << 15, 1 << 10
_UNDEFINED = 0xFFFFFFFF
_DEPTH = 12
_DECLINED_TAGS = frozenset({0x52009229, 0x52009230, 0x00041220})
"""Functional groups, whose nesting pydicom follows; the records of a DICOMDIR."""
_OTHER_SYNTAXES = frozenset({"", IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED_LITTLE, GE_PRIVATE})
_LONG_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW"})
_LONG = _LONG_BINARY | {"SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
_SHORT = frozenset(VALUES) - _LONG
_short_length, _long_length = Struct("<H").unpack_from, Struct("<L").unpack_from
_item_head = Struct("<4sL").unpack_from


class _Short(Exception):
    """The header goes on behind what was read."""


_Plan = tuple[int, str, bool, int, "Values | None"]
"""What is done with elements of a tag and VR: tag, VR, whether its length takes four bytes, how it is taken, how its
values are read."""
_TAKEN, _MODELLED, _ODD = 1, 2, 4
"""An element whose value is wanted; one that stands in the JSON model; one that needs more than its value."""


@dataclass(slots=True)
class PlainHeader:
    """The wanted elements of a plainly written data set, and all of it in the DICOM JSON model.

    Attributes:
        encoding: the Python codec of its texts.
        raw: by tag, how its values are read, and its bytes.
        items: by tag, the items of the wanted sequences.
        header: the JSON text; empty where it was not asked for.
        pixels: tag and length of the pixels, -1 where they are encapsulated; None where there are none.
        transfer_syntax: UID.
        size: bytes of the file.
    """

    encoding: str = "latin-1"
    raw: dict[int, tuple[Values, bytes]] = field(default_factory=dict)
    items: dict[int, list[PlainHeader]] = field(default_factory=dict)
    header: str = ""
    pixels: tuple[int, int] | None = None
    transfer_syntax: str = ""
    size: int = 0

    def values(self, tag: int) -> list[Any]:
        """The values of a wanted element; none where it is absent or empty.

        Raises:
            Declined: they are not plainly written.
        """
        found = self.raw.get(tag)
        return found[0](found[1], self.encoding) if found else []


class PlainReader:
    """Reads the elements that somebody wants.

    Args:
        wanted: by tag, the VRs in which the element is taken; in another one the file is declined.
    """

    def __init__(self, wanted: Mapping[int, frozenset[str]]) -> None:
        self.wanted = wanted
        self.plans: dict[bytes, _Plan] = {}

    def read(self, place: Place, *, dumped: bool = True, last: int = _EVERYTHING) -> PlainHeader | None:
        """Read a header; None where it is not plainly written, whatever else it may be.

        Args:
            place: the file.
            dumped: whether the header is wanted in the DICOM JSON model, too.
            last: the last tag of the top level that is looked at; what comes behind is not, nor are the pixels.
        """
        size = place.size
        with place.open() as file:
            data = b""
            for limit in _HEADS:
                data += file.read(min(limit, size) - len(data))
                try:
                    return _Walk(self, data, size, dumped, last).run(file)
                except (_Short, IndexError, StructError):  # of the bytes that were read
                    if len(data) >= size:
                        return None
                except Declined:
                    return None
        return None

    def plan(self, key: bytes) -> _Plan | None:
        """The plan for the tag and VR that an element begins with, remembered; None for an item's delimiter.

        Raises:
            Declined: no plainly written element begins like this.
        """
        if key[:4] == _ITEM_END:
            return None
        tag = int.from_bytes(key[:2], "little") << 16 | int.from_bytes(key[2:4], "little")
        vr = key[4:6].decode("latin-1")
        known = vr in _LONG or vr in _SHORT
        if not known or tag < 0x00030000 or tag >> 16 == 0xFFFE or tag in _DECLINED_TAGS:
            raise Declined
        values = VALUES.get(vr) if tag & 0xFFFF else None  # group lengths are left out
        how = _MODELLED if values is not None else 0
        if tag in self.wanted:
            if vr not in self.wanted[tag]:
                raise Declined
            how |= _TAKEN
        creator = bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF
        if vr in ("SQ", "UN") or tag == _CHARACTER_SET or tag in PIXEL_TAGS or creator:
            how |= _ODD
        if len(self.plans) >= _MOST_PLANS:
            self.plans.clear()
        plan = self.plans[key] = (tag, vr, vr in _LONG, how, values)
        return plan


class _Walk:
    """One pass over the bytes that a file begins with, or ends with."""

    def __init__(self, reader: PlainReader, data: bytes, size: int, dumped: bool, last: int) -> None:
        self._reader, self._data, self._size = reader, data, size
        self._dumped, self._last = dumped, last
        self._end = len(data)
        self._pixels_at = -1

    def run(self, file: BinaryIO) -> PlainHeader:
        """The header, once its end is where the file says."""
        at, syntax = self._meta()
        if syntax in _OTHER_SYNTAXES or at >= self._size:
            raise Declined
        found = PlainHeader(transfer_syntax=syntax, size=self._size)
        pieces: list[str] = []
        stop = self._elements(at, self._end, found, pieces, 0, -1)
        if found.pixels is not None:
            self._pass_pixels(file, found, pieces)
        elif stop >= self._end < self._size:
            raise _Short
        found.header = "{" + ",".join(pieces) + "}" if self._dumped else ""
        return found

    def _meta(self) -> tuple[int, str]:
        """Where the data set begins, and its transfer syntax (PS3.10 7.1)."""
        data, at, syntax = self._data, 132, ""
        if data[128:132] != b"DICM":
            raise Declined
        while data[at : at + 2] == b"\x02\x00":
            if at + 12 > self._end:
                raise _Short
            vr = data[at + 4 : at + 6].decode("latin-1")
            if vr in _LONG:
                value, length = at + 12, _long_length(data, at + 8)[0]
            elif vr in _SHORT:
                value, length = at + 8, _short_length(data, at + 6)[0]
            else:
                raise Declined
            number, at = data[at + 2 : at + 4], value + length
            if at > self._end:
                raise _Short
            if number in (b"\x10\x00", b"\x02\x00"):
                text = data[value:at].decode("ascii", "replace").strip(" \x00")
                if length > 128 or (number == b"\x02\x00" and text == DIRECTORY_CLASS):
                    raise Declined
                syntax = text if number == b"\x10\x00" else syntax
        if at + 8 > self._end:
            raise _Short
        return at, syntax

    def _beyond(self, end: int) -> Exception:
        """What reads past `end`: more of the file is needed, or a length inside lies."""
        return _Short() if end == self._end else Declined()

    def _elements(  # noqa: C901 - one loop over every element of every file: a call for each would double its time
        self, at: int, end: int, found: PlainHeader, pieces: list[str], depth: int, last: int
    ) -> int:
        """Walk the elements of a data set from `at` to `end`; returns where it stopped.

        The top level (depth 0) stops behind the head of the pixels, an item at its delimiter. What reads past the bytes
        that there are raises IndexError or struct.error.
        """
        data, reader, plans = self._data, self._reader, self._reader.plans
        raw, encoding = found.raw, found.encoding
        memo, creators = _memo_of(encoding), dict[int, bytes]()
        edge = self._last if depth == 0 else _EVERYTHING
        dumped = _MODELLED if self._dumped else 0
        while at < end:
            key = data[at : at + 6]
            plan = plans.get(key) or reader.plan(key)
            if plan is None:
                return at
            tag, vr, long, how, values = plan
            if long:
                value = at + 12
                length = _long_length(data, at + 8)[0]
            else:
                value = at + 8
                length = data[at + 6] | data[at + 7] << 8
            if not last < tag <= edge:
                if tag <= last:
                    raise Declined
                return at
            last = tag
            if how & _ODD:
                if vr == "SQ":
                    at = self._sequence(at, value, length, end, tag, found, pieces, depth)
                    continue
                if tag in PIXEL_TAGS and depth == 0:
                    found.pixels = (tag, -1 if length == _UNDEFINED else length)
                    self._pixels_at = value
                    return at
            stop = value + length
            if stop > end:
                raise self._beyond(end) if length != _UNDEFINED else Declined
            if how & _ODD:
                self._judge_odd(tag, vr, data[value:stop], found, creators, depth)
                if tag == _CHARACTER_SET:
                    encoding = found.encoding
                    memo = _memo_of(encoding)
            if how & _TAKEN and values is not None:
                raw[tag] = (values, data[value:stop])
            if how & dumped:
                element = data[at:stop]
                piece = memo.get(element)
                if piece is None:
                    piece = model_element(tag, vr, data[value:stop], encoding)
                    _remember(memo, element, piece)
                pieces.append(piece)
            at = stop
        return at

    def _judge_odd(
        self, tag: int, vr: str, raw: bytes, found: PlainHeader, creators: dict[int, bytes], depth: int
    ) -> None:
        """The character set, creators of private blocks, and what is written without its VR."""
        if tag == _CHARACTER_SET:
            encoding = encoding_of(raw)
            if vr != "CS" or (depth and encoding != found.encoding):
                raise Declined
            found.encoding = encoding
        elif vr == "UN":  # pydicom gives it the VR that its dictionaries know
            if tag >> 16 & 1:
                creator = creators.get(tag & 0xFFFF0000 | (tag & 0xFFFF) >> 8)
                known = not tag & 0xFF00 or (creator is not None and _is_known_private(tag, creator))
            else:
                known = len(raw) < 0xFFFF and _is_known(tag)
            if known:
                raise Declined
        elif tag not in PIXEL_TAGS:
            creators[tag] = raw

    def _sequence(
        self,
        at: int,
        value: int,
        length: int,
        end: int,
        tag: int,
        found: PlainHeader,
        pieces: list[str],
        depth: int,
    ) -> int:
        """Walk a sequence (PS3.5 7.5); returns where it ends. One whose bytes were seen before is not walked."""
        if depth >= _DEPTH or tag in _DECLINED_TAGS:
            raise Declined
        taken = tag in self._reader.wanted
        bounded = length != _UNDEFINED
        stop = value + length if bounded else end
        if stop > end:
            raise self._beyond(end)
        if bounded and not taken and not self._dumped:
            return stop
        memo = _memo_of(found.encoding)
        piece = memo.get(self._data[at:stop]) if bounded and not taken and length <= _PIECE_BYTES else None
        ended = stop
        if piece is None:
            items, texts, ended = self._items(value, stop, bounded, found.encoding, depth + 1)
            piece = f'"{tag:08X}":{{"vr":"SQ","Value":[{",".join(texts)}]}}'
            if bounded and self._dumped:
                _remember(memo, self._data[at:stop], piece)
            if taken:
                found.items[tag] = items
        if self._dumped:
            pieces.append(piece)
        return ended

    def _items(
        self, at: int, stop: int, bounded: bool, encoding: str, depth: int
    ) -> tuple[list[PlainHeader], list[str], int]:
        """The items of a sequence, each read and as JSON, and where it ends."""
        items: list[PlainHeader] = []
        texts: list[str] = []
        while not bounded or at < stop:
            if at + 8 > stop:
                raise self._beyond(stop)
            mark, length = _item_head(self._data, at)
            if mark == _SEQUENCE_END and not bounded and length == 0:
                return items, texts, at + 8
            if mark != _ITEM:
                raise Declined
            item, pieces = PlainHeader(encoding), list[str]()
            end = stop if length == _UNDEFINED else at + 8 + length
            if end > stop:
                raise self._beyond(stop)
            at = self._elements(at + 8, end, item, pieces, depth, -1)
            if length == _UNDEFINED:
                if at + 8 > stop:
                    raise self._beyond(stop)
                if _item_head(self._data, at) != (_ITEM_END, 0):
                    raise Declined
                at += 8
            elif at != end:
                raise Declined
            items.append(item)
            texts.append("{" + ",".join(pieces) + "}")
        return items, texts, at

    def _pass_pixels(self, file: BinaryIO, found: PlainHeader, pieces: list[str]) -> None:
        """Pass over the pixels, and walk the little that may lie behind them."""
        if self._last != _EVERYTHING or found.pixels is None:
            return
        tag, length = found.pixels
        at = self._pixels_at + length if length >= 0 else self._pass_fragments(file)
        if at == self._size:
            return
        if not 8 <= self._size - at <= _TAIL or not file.seekable():
            raise Declined
        file.seek(at)
        tail = file.read(_TAIL)
        rest = _Walk(self._reader, tail, len(tail), self._dumped, _EVERYTHING)
        behind = PlainHeader(found.encoding, found.raw, found.items)
        rest._elements(0, len(tail), behind, pieces, 0, tag)
        if behind.pixels is not None or len(tail) != self._size - at:
            raise Declined

    def _pass_fragments(self, file: BinaryIO) -> int:
        """Where encapsulated pixels end (PS3.5 A.4): behind fragments of known length, and the delimiter."""
        if not file.seekable():
            raise Declined
        at = self._pixels_at
        for _ in range(_FRAGMENTS):
            if at + 8 <= self._end:
                mark, length = _item_head(self._data, at)
            else:
                file.seek(at)
                head = file.read(8)
                if len(head) < 8:
                    raise Declined
                mark, length = _item_head(head)
            at += 8
            if mark == _SEQUENCE_END and length == 0:
                return at
            if mark != _ITEM or length == _UNDEFINED:
                raise Declined
            at += length
            if at > self._size:
                raise Declined
        raise Declined


_MEMOS: dict[str, dict[bytes, str]] = {}


def _memo_of(encoding: str) -> dict[bytes, str]:
    """What elements' bytes came to, for one character encoding: slices of a series differ in a few of them."""
    return _MEMOS.setdefault(encoding, {})


def _remember(memo: dict[bytes, str], element: bytes, piece: str) -> None:
    if len(element) <= _PIECE_BYTES:
        if len(memo) >= _MOST_PIECES:
            memo.clear()
        memo[element] = piece


def _is_known(tag: int) -> bool:
    from pydicom.datadict import dictionary_has_tag

    return dictionary_has_tag(tag)


@lru_cache(maxsize=4096)
def _is_known_private(tag: int, creator: bytes) -> bool:
    from pydicom.datadict import private_dictionary_VR

    try:
        return bool(private_dictionary_VR(tag, creator.decode("latin-1").rstrip(" \x00")))
    except (KeyError, ValueError):
        return False
