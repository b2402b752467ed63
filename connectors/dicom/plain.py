"""The fast reader: plainly written headers, from one read of the file's beginning, without pydicom.

Most files are explicit VR little endian, with tags that ascend and lengths that add up. Those are walked here, in the
bytes as they lie in memory; of each element the values are made by `plain_values`, and an element whose bytes were
seen before is not even parsed. Anything else is declined: then `walk` and pydicom read the file, and judge it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
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

_HEADS = (1 << 15, 1 << 18, 1 << 20)
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


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done with elements of a tag and VR; `special` ones need more than their values."""

    tag: int
    vr: str
    long: bool
    values: Values | None
    sequence: bool
    special: bool


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
    """

    encoding: str = "latin-1"
    raw: dict[int, tuple[Values, bytes]] = field(default_factory=dict)
    items: dict[int, list[PlainHeader]] = field(default_factory=dict)
    header: str = ""
    pixels: tuple[int, int] | None = None
    transfer_syntax: str = ""

    def values(self, tag: int) -> list[Any]:
        """The values of a wanted element; none where it is absent or empty.

        Raises:
            Declined: they are not plainly written.
        """
        found = self.raw.get(tag)
        return found[0](found[1], self.encoding) if found else []


def read_plain(
    place: Place, wanted: Mapping[int, frozenset[str]], *, dumped: bool = True, last: int = _EVERYTHING
) -> PlainHeader | None:
    """Read a header; None where it is not plainly written, whatever else it may be.

    Args:
        place: the file.
        wanted: by tag, the VRs in which the element is taken; in another one the file is declined.
        dumped: whether the header is wanted in the DICOM JSON model, too.
        last: the last tag of the top level that is looked at; what comes behind is not, nor are the pixels.
    """
    size = place.size
    with place.open() as file:
        data = b""
        for limit in _HEADS:
            data += file.read(min(limit, size) - len(data))
            try:
                return _Walk(data, size, wanted, dumped, last).run(file)
            except _Short:
                if len(data) >= size:
                    return None
            except Declined:
                return None
    return None


class _Walk:
    """One pass over the bytes that a file begins with, or ends with."""

    def __init__(
        self, data: bytes, size: int, wanted: Mapping[int, frozenset[str]], dumped: bool, last: int
    ) -> None:
        self._data, self._size, self._last = data, size, last
        self._wanted, self._dumped = wanted, dumped
        self._end = len(data)
        self._pixels_at = -1

    def run(self, file: BinaryIO) -> PlainHeader:
        """The header, once its end is where the file says."""
        at, syntax = self._meta()
        if syntax in _OTHER_SYNTAXES or at >= self._size:
            raise Declined
        found = PlainHeader(transfer_syntax=syntax)
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

    def _elements(  # noqa: C901 - one loop over every element of every file: a call each would double its time
        self, at: int, end: int, found: PlainHeader, pieces: list[str], depth: int, last: int
    ) -> int:
        """Walk the elements of a data set from `at` to `end`; returns where it stopped.

        The top level (depth 0) stops behind the head of the pixels, an item at its delimiter.
        """
        data, dumped, wanted = self._data, self._dumped, self._wanted
        memo, creators = _memo_of(found.encoding), dict[int, bytes]()
        edge = self._last if depth == 0 else _EVERYTHING
        while at < end:
            if at + 8 > end:
                raise self._beyond(end)
            key = data[at : at + 6]
            plan = _PLANS.get(key) or _plan(key)
            if plan is None:
                return at
            tag = plan.tag
            if plan.long:
                if at + 12 > end:
                    raise self._beyond(end)
                value, length = at + 12, _long_length(data, at + 8)[0]
            else:
                value, length = at + 8, _short_length(data, at + 6)[0]
            if tag <= last:
                raise Declined
            if tag > edge:
                return at
            last, stop = tag, value + length
            if tag in PIXEL_TAGS and depth == 0:
                found.pixels, self._pixels_at = (tag, -1 if length == _UNDEFINED else length), value
                return at
            if plan.sequence:
                at = self._sequence(at, value, length, end, tag, found, pieces, depth)
                continue
            if stop > end:
                raise self._beyond(end) if length != _UNDEFINED else Declined
            if plan.special:
                self._judge_special(plan, data[value:stop], found, creators, depth)
                memo = _memo_of(found.encoding)
            if tag in wanted:
                if plan.values is None or plan.vr not in wanted[tag]:
                    raise Declined
                found.raw[tag] = (plan.values, data[value:stop])
            if dumped and plan.values is not None:
                element = data[at:stop]
                piece = memo.get(element)
                if piece is None:
                    piece = model_element(tag, plan.vr, data[value:stop], found.encoding)
                    _remember(memo, element, piece)
                pieces.append(piece)
            at = stop
        return at

    def _judge_special(
        self, plan: _Plan, raw: bytes, found: PlainHeader, creators: dict[int, bytes], depth: int
    ) -> None:
        """The character set, creators of private blocks, and what is written without its VR."""
        if plan.tag == _CHARACTER_SET:
            encoding = encoding_of(raw)
            if plan.vr != "CS" or (depth and encoding != found.encoding):
                raise Declined
            found.encoding = encoding
        elif plan.vr == "UN":  # pydicom gives it the VR that its dictionaries know
            if plan.tag >> 16 & 1:
                creator = creators.get(plan.tag & 0xFFFF0000 | (plan.tag & 0xFFFF) >> 8)
                known = not plan.tag & 0xFF00 or (
                    creator is not None and _is_known_private(plan.tag, creator)
                )
            else:
                known = len(raw) < 0xFFFF and _is_known(plan.tag)
            if known:
                raise Declined
        else:
            creators[plan.tag] = raw

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
        taken = tag in self._wanted
        if taken and "SQ" not in self._wanted[tag]:
            raise Declined
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
            if bounded:
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
        rest = _Walk(tail, len(tail), self._wanted, self._dumped, _EVERYTHING)
        pixels, found.pixels = found.pixels, None
        rest._elements(0, len(tail), found, pieces, 0, tag)
        if found.pixels is not None or len(tail) != self._size - at:
            raise Declined
        found.pixels = pixels

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


_PLANS: dict[bytes, _Plan] = {}
_MEMOS: dict[str, dict[bytes, str]] = {}


def _plan(key: bytes) -> _Plan | None:
    """The plan for a tag and VR, remembered; None for an item's delimiter."""
    if key[:4] == _ITEM_END:
        return None
    tag = int.from_bytes(key[:2], "little") << 16 | int.from_bytes(key[2:4], "little")
    vr = key[4:6].decode("latin-1")
    if (
        (vr not in _LONG and vr not in _SHORT)
        or tag < 0x00030000
        or tag >> 16 == 0xFFFE
        or tag in _DECLINED_TAGS
    ):
        raise Declined
    creator = bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF
    special = tag == _CHARACTER_SET or vr == "UN" or creator
    values = VALUES.get(vr) if tag & 0xFFFF else None  # group lengths are left out
    if len(_PLANS) >= _MOST_PLANS:
        _PLANS.clear()
    plan = _PLANS[key] = _Plan(tag, vr, vr in _LONG, values, vr == "SQ", special)
    return plan


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
