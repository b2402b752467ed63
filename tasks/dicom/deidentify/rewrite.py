"""A data set rewritten: what stays is copied as it is written, what changes is encoded anew, pixels are passed by.

The elements' bytes are walked once. Nothing is believed of a length but what the file's end confirms. A sequence that
does not add up can't be cleaned, so it goes as a whole.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from connectors.dicom.recognise import UNDEFINED, Encoding
from connectors.dicom.walk import DEPTH_LIMIT
from contracts.errors import Rejected
from tasks.deidentification.elements import dummy_item
from tasks.deidentification.ps315 import Do
from tasks.dicom.deidentify.bench import (
    ITEM_END,
    PRIVATE_LIMIT,
    SAME,
    SOP_INSTANCE,
    Bench,
    Entry,
    Mode,
    Same,
    Table,
)
from tasks.dicom.deidentify.encode import (
    ITEM,
    SEQUENCE_END,
    element_bytes,
    item_bytes,
    sequence_bytes,
    text_item,
)
from tasks.dicom.deidentify.level import Broken, Level, Part, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.dicom.deidentify.tape import Tape

_DOCUMENT = 0x00420011
_NEVER = 1 << 32
_STOP = -1
_WINDOW = 1 << 16
_KEPT = int(Do.KEEP)
_KEEP, _BULK, _VALUE = Mode.KEEP, Mode.BULK, Mode.VALUE  # looked up for every element


class Rewriter:
    """Rewrites one data set.

    Args:
        bench: whose it is.
        encoding: how it is written.
        scope: its SOP class, "" where none is known.
        additions: elements to be put in, encoded, by ascending tag.
    """

    def __init__(
        self, bench: Bench, encoding: Encoding, scope: str, additions: Sequence[tuple[int, bytes]]
    ) -> None:
        self.counts = [0] * len(Do)
        self.flags: set[str] = set()
        self.sop_instance: bytes | None = None
        self._bench = bench
        self._encoding = encoding
        self._scope = scope
        self._additions = list(additions)
        self._own = frozenset(tag for tag, _ in additions)
        order = "<" if encoding.little else ">"
        self._half, self._whole = (
            struct.Struct(f"{order}H").unpack_from,
            struct.Struct(f"{order}L").unpack_from,
        )
        self._tag = struct.Struct(f"{order}HH").unpack_from

    def rewrite(self, tape: Tape) -> list[Part]:
        """The parts of the new data set, in order.

        Raises:
            Rejected: `truncated-file`, `unreadable`, `nested-too-deep`, `too-large`.
        """
        table = self._bench.table(self._scope, b"", self._encoding)
        level = Level(tape.data, len(tape.data), table, 0)
        place = 0
        while True:
            place = self._run(level, place)
            left = len(level.data) - place
            if left < 12 and not tape.ended:
                tape.widen(place, _WINDOW)
            elif not level.data[place : place + 8].strip(b"\x00"):
                break  # the end, or padding of some archive
            elif left < 8:
                raise Rejected("truncated-file", f"byte {tape.base + place}", "whole elements")
            elif self._is_last(tape, place, level):
                break
            place, level.data, level.end = 0, tape.data, len(tape.data)
        self._add_before(_NEVER, level.out)
        return level.out

    # Elements that the window does not hold, and pixels.

    def _is_last(self, tape: Tape, place: int, level: Level) -> bool:
        try:
            return self._large(tape, place, level)
        except Broken:
            raise Rejected("truncated-file", f"byte {tape.base + place}", "whole elements") from None

    def _large(self, tape: Tape, place: int, level: Level) -> bool:
        """Handle the element at `place`; returns whether it was the last that counts: pixels."""
        entry, value, length = self._header(level, place)
        if entry.mode is Mode.END:
            raise Rejected("unreadable", f"byte {tape.base + place}", "items inside of sequences")
        if entry.mode in (Mode.PIXELS, Mode.BULK) and entry.tag not in self._own:
            self._add_before(entry.tag, level.out)
            level.out.append(tape.data[place:value])
            start = tape.base + value
            if length == UNDEFINED:
                length = self._skip_fragments(tape, value, entry.tag)
            else:
                tape.skip(value, length)
            level.out.append(Span(start, length))
            self.counts[_KEPT] += 1
            return entry.mode is Mode.PIXELS
        if length == UNDEFINED:
            if tape.ended:
                raise Rejected("truncated-file", f"tag {entry.tag:08X}", "a sequence's end")
            tape.widen(place, max(2 * (len(tape.data) - place), 2 * _WINDOW))
        elif entry.mode is Mode.REMOVE or (entry.mode is Mode.PRIVATE and length > PRIVATE_LIMIT):
            self.counts[Do.REMOVE] += 1
            tape.skip(value, length)
        elif entry.mode is Mode.EMPTY or (entry.mode is _VALUE and entry.verdict.do is Do.DUMMY):
            self._add_before(entry.tag, level.out)
            changed = b"" if entry.mode is Mode.EMPTY else level.table.settle(entry, b"")
            self._put(level, entry, b"", changed)
            tape.skip(value, length)
        else:
            held = value - place + length
            tape.widen(place, held)
            if len(tape.data) < held:
                raise Rejected("truncated-file", f"tag {entry.tag:08X}", "a value within the file")
        return False

    def _skip_fragments(self, tape: Tape, value: int, tag: int) -> int:
        """Pass encapsulated pixels (PS3.5 A.4): fragments of known length, then a delimiter; returns their length."""
        begin = tape.base + value
        place = value
        while True:
            if len(tape.data) - place < 8:
                tape.widen(place, 8)
                place = 0
            if len(tape.data) - place < 8:
                raise Rejected("truncated-file", f"tag {tag:08X}", "the delimiter behind the last fragment")
            mark, length = self._item(tape.data, place)
            if mark == SEQUENCE_END:
                tape.skip(place, 8)
                return tape.base - begin
            if mark != ITEM or length == UNDEFINED:
                raise Rejected("unreadable", f"tag {tag:08X}", "items and delimiters in their places")
            place += 8 + length
            if place > len(tape.data):
                tape.skip(0, place)
                place = 0

    def _header(self, level: Level, place: int) -> tuple[Entry, int, int]:
        """The entry of the element at `place`, where its value begins, and its length."""
        data, table = level.data, level.table
        entry = table[data[place : place + table.width]]
        if entry.form == 0:
            return entry, place + 8, int(self._half(data, place + 6)[0])
        wide = 8 if entry.form == 2 else 12
        if place + wide > level.end:
            raise Broken
        return entry, place + wide, int(self._whole(data, place + wide - 4)[0])

    def _item(self, data: bytes, place: int) -> tuple[int, int]:
        group, element = self._tag(data, place)
        return group << 16 | element, int(self._whole(data, place + 4)[0])

    # Elements that the window holds.

    def _run(self, level: Level, place: int) -> int:  # noqa: C901 - every element passes here: no calls for most
        """Rewrite elements from `place` on.

        Returns:
            Where it stopped: at the end; behind an item's delimiter; before an element that `data` does not hold, or
            that, at the top level, holds pixels.
        """
        data, end, table, out = level.data, level.end, level.table, level.out
        half, whole, width = self._half, self._whole, table.width
        limit = self._limit(level)
        copied, kept, last = place, 0, end - 8
        while place <= last:
            entry = table[data[place : place + width]]
            form = entry.form
            if form == 0:
                value = place + 8
                stop = value + half(data, place + 6)[0]
            elif form == 2:
                value = place + 8
                stop = value + whole(data, place + 4)[0]
            elif place + 12 <= end:
                value = place + 12
                stop = value + whole(data, place + 8)[0]
            else:
                break
            mode = entry.mode
            changed: bytes | Same | None = None
            if stop <= end and entry.tag < limit:
                if mode is _KEEP or mode is _BULK:
                    place, kept = stop, kept + 1
                    continue
                if mode is _VALUE:
                    raw = data[value:stop]
                    try:
                        changed = entry.memory[raw]
                    except KeyError:
                        changed = table.settle(entry, raw)
                    if changed is SAME:
                        place, kept = stop, kept + 1
                        continue
            if copied < place:
                out.append(data[copied:place])
                copied = place
            if mode is Mode.END and level.depth:
                place = copied = value
                break
            moved = self._change(level, entry, place, value, stop, changed)
            if moved == _STOP:
                break
            place = copied = moved
            table, limit = level.table, self._limit(level)
        if copied < place:
            out.append(data[copied:place])
        self.counts[_KEPT] += kept
        return place

    def _limit(self, level: Level) -> int:
        """The tag before which the next addition goes."""
        return self._additions[0][0] if level.depth == 0 and self._additions else _NEVER

    def _change(
        self, level: Level, entry: Entry, place: int, value: int, stop: int, changed: bytes | Same | None
    ) -> int:
        """Handle an element that is not simply copied; returns where the next begins, or `_STOP` before it."""
        top = level.depth == 0
        endless = stop - value == UNDEFINED
        if (top and entry.mode is Mode.PIXELS) or (stop > level.end and not endless):
            return self._beyond(top)
        if top and self._additions and entry.tag >= self._additions[0][0]:
            self._add_before(entry.tag, level.out)
        if top and entry.tag in self._own:
            entry = Entry(Mode.REMOVE, entry.form, entry.tag, entry.vr, entry.verdict, entry.unknown)
        if endless or entry.mode in (Mode.ITEMS, Mode.DUMMY_ITEMS):
            return self._sequence(level, entry, place, value, None if endless else stop)
        if entry.mode is Mode.PRIVATE:
            self._private(level, entry, place, value, stop)
        elif entry.mode is Mode.CHARSET:
            declared = level.data[value:stop]
            level.table = self._bench.table(level.table.scope, declared, level.table.encoding)
            known = level.table.charset.known
            self._put(level, entry, level.data[place:stop], SAME if known else None)
        else:
            if entry.mode is Mode.INSTANCE or (entry.mode is _VALUE and changed is None):
                changed = level.table.settle(entry, level.data[value:stop])
            elif entry.mode in (_KEEP, _BULK, Mode.PIXELS):
                changed = SAME
            elif entry.mode is Mode.EMPTY:
                changed = b""
            self._put(level, entry, level.data[place:stop], changed)
        return stop

    def _beyond(self, top: bool) -> int:
        if not top:
            raise Broken
        return _STOP

    def _put(self, level: Level, entry: Entry, written: bytes, changed: bytes | Same | None) -> None:
        """Put an element out, and count what was done."""
        if entry.tag >> 24 == 0x60 or entry.tag == _DOCUMENT:
            self.flags.add("encapsulated-document" if entry.tag == _DOCUMENT else "overlay")
        if self._bench.undecodable:
            self.flags.add("undecodable-text")
            self._bench.undecodable = False
        if changed is None:
            self.counts[Do.REMOVE] += 1
            return
        if entry.tag == SOP_INSTANCE and level.depth == 0:
            uid = written[12 if entry.form == 1 else 8 :] if isinstance(changed, Same) else changed
            self.sop_instance = uid.strip(b" \x00")
        if isinstance(changed, Same):
            self.counts[_KEPT] += 1
            level.out.append(written)
            return
        self.counts[Do.EMPTY if not changed else entry.verdict.do] += 1
        encoding = level.table.encoding
        level.out.append(element_bytes(entry.tag, "UN" if entry.unknown else entry.vr, changed, encoding))

    def _private(self, level: Level, entry: Entry, place: int, value: int, stop: int) -> None:
        """Keep a private element that is known to be safe, and before it who reserved its block."""
        if 0x10 <= entry.tag & 0xFFFF <= 0xFF:
            level.reserve(entry.tag, place, value, stop)
            return
        creator = level.creator(entry.tag)
        safe = (
            self._bench.private_entry(creator, entry) if creator and stop - value <= PRIVATE_LIMIT else None
        )
        found: bytes | Same | None = None
        if safe is not None:
            found = SAME if safe.mode is _KEEP else level.table.settle(safe, level.data[value:stop])
        if found is SAME:
            level.keep_private(entry.tag, level.data[place:stop])
        self.counts[_KEPT if found is SAME else Do.REMOVE] += 1

    # Sequences.

    def _sequence(self, level: Level, entry: Entry, place: int, value: int, stop: int | None) -> int:
        """Handle a sequence, or anything of undefined length (`stop` is None)."""
        counts = list(self.counts)
        items: list[bytes] | None = None
        kept = entry.mode is Mode.ITEMS
        if level.depth >= DEPTH_LIMIT:
            raise Rejected(
                "nested-too-deep", f"tag {entry.tag:08X}", f"at most {DEPTH_LIMIT} sequences in one another"
            )
        try:
            if entry.mode in (Mode.BULK, Mode.PIXELS):  # encapsulated pixels inside of an item
                stop = level.fragments_end(value)
            elif kept or stop is None:
                items, stop = self._items(level, entry, value, stop)
        except Broken:
            self.counts = list(counts)
            if stop is None:
                return self._beyond(level.depth == 0)
            items = None
            self.flags.add("malformed-sequence")
        if not kept or items is None:
            self.counts = counts
        self._put_sequence(level, entry, level.data[place:stop], items)
        return stop

    def _put_sequence(self, level: Level, entry: Entry, written: bytes, items: list[bytes] | None) -> None:
        encoding = level.table.encoding
        vr = "UN" if entry.unknown else "SQ"
        if entry.mode in (Mode.BULK, Mode.PIXELS):
            level.out.append(written)
        elif entry.mode is Mode.ITEMS and items is not None:
            self.counts[_KEPT] += 1
            level.out.append(sequence_bytes(entry.tag, vr, items, encoding))
        elif entry.mode is Mode.DUMMY_ITEMS:
            self.counts[Do.DUMMY] += 1
            inner = Encoding(implicit=True) if entry.unknown else encoding
            item = text_item(dummy_item(entry.tag), inner)
            level.out.append(sequence_bytes(entry.tag, vr, [item], encoding))
        elif entry.mode is Mode.EMPTY:
            self.counts[Do.EMPTY] += 1
            level.out.append(element_bytes(entry.tag, "UN" if entry.unknown else entry.vr, b"", encoding))
        else:
            self.counts[Do.REMOVE] += 1

    def _items(self, level: Level, entry: Entry, place: int, stop: int | None) -> tuple[list[bytes], int]:
        """The items of a sequence, cleaned, and where it ends."""
        end = level.end if stop is None else stop
        data, little = level.data, level.table.encoding.little
        found: list[bytes] = []
        table = self._inner_table(level, entry, place)
        while stop is None or place < stop:
            if place + 8 > end:
                raise Broken
            mark, length = self._item(data, place)
            place += 8
            if mark == SEQUENCE_END:
                return found, place if stop is None else stop
            if mark != ITEM or (length != UNDEFINED and place + length > end):
                raise Broken
            inner = Level(data, end if length == UNDEFINED else place + length, table, level.depth + 1)
            behind = self._run(inner, place)
            if not (self._closes(data, behind) if length == UNDEFINED else behind == inner.end):
                raise Broken
            place = behind
            found.append(item_bytes(b"".join(p for p in inner.out if isinstance(p, bytes)), little))
        return found, place

    def _closes(self, data: bytes, behind: int) -> bool:
        return behind >= 8 and self._item(data, behind - 8)[0] == ITEM_END

    def _inner_table(self, level: Level, entry: Entry, place: int) -> Table:
        """The table of a sequence's items; in UN they are implicit, unless their bytes plainly say otherwise."""
        encoding = level.table.encoding
        if entry.unknown and not encoding.implicit:
            vr = level.data[place + 12 : place + 14]
            written = vr.isalpha() and vr.isupper() and len(vr) == 2
            encoding = Encoding(implicit=not written, little=encoding.little)
        return self._bench.table(f"{entry.tag:08X}", level.table.declared, encoding)

    def _add_before(self, tag: int, out: list[Part]) -> None:
        """Put in the additions that belong before an element."""
        while self._additions and self._additions[0][0] <= tag:
            out.append(self._additions.pop(0)[1])
