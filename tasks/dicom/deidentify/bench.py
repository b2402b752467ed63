"""What is prepared for the images of one person: by tag and VR what to do, and by value what became of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from connectors.dicom.recognise import LONG_VRS, Encoding
from connectors.dicom.walk import PIXEL_TAGS
from tasks.deidentification.elements import Subject, ValueCleaner
from tasks.deidentification.header import private_verdict
from tasks.deidentification.ps315 import BULK, TEXTS, Do, Rules, Verdict, safe_private
from tasks.dicom.deidentify.charset import charset_of, hidden_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_REMEMBERED = 1024
_SHORT = 256
_BINARY = frozenset({"FL", "FD", "US", "UL", "SS", "SL", "SV", "UV", "AT"})
_WIDTHS = {"FD": 8, "SV": 8, "UV": 8, "UL": 4, "SL": 4, "FL": 4}
_SINGLE = frozenset({"ST", "LT", "UT", "UR"})
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
CHARSET, SOP_INSTANCE, PRIVATE_LIMIT = 0x00080005, 0x00080018, 1024


class Mode(IntEnum):
    """How the rewriter handles an element."""

    KEEP = 0
    REMOVE = 1
    VALUE = 2
    ITEMS = 3
    BULK = 4
    PRIVATE = 5
    CHARSET = 6
    DUMMY_ITEMS = 7
    EMPTY = 8
    PIXELS = 9
    END = 10
    INSTANCE = 11


class Same:
    """The value stays as it is written."""


SAME = Same()


@dataclass(slots=True)
class Entry:
    """What to do with elements of one tag and VR in one place.

    Attributes:
        mode: of handling.
        form: where the length is: 0 two bytes behind the VR, 1 four bytes behind two that are reserved, 2 four bytes
            behind the tag.
        tag: of the element.
        vr: by which its value is read: the dictionary's where UN or nothing is written.
        verdict: what may be done.
        unknown: whether it is written as UN.
        memory: what became of values.
    """

    mode: Mode
    form: int
    tag: int
    vr: str
    verdict: Verdict
    unknown: bool = False
    memory: dict[bytes, bytes | Same | None] = field(default_factory=dict)


class Table(dict[bytes, Entry]):
    """Entries by the first bytes of an element: tag and VR, or the tag alone where VRs are implicit.

    Args:
        bench: whose images.
        scope: SOP class, or sequence, as `Rules.verdict` takes it.
        declared: the value of (0008,0005) that holds there.
        encoding: how elements are written.
    """

    def __init__(self, bench: Bench, scope: str, declared: bytes, encoding: Encoding) -> None:
        super().__init__()
        self.declared = declared
        self.bench = bench
        self.scope = scope
        self.charset = charset_of(declared)
        self.encoding = encoding
        self.width = 4 if encoding.implicit else 6
        self.order = "<" if encoding.little else ">"

    def __missing__(self, head: bytes) -> Entry:
        group, element = struct.unpack(f"{self.order}HH", head[:4])
        entry = self[head] = self._entry(group << 16 | element, head[4:])
        return entry

    def _entry(self, tag: int, written: bytes) -> Entry:
        """The entry of a tag with the VR that is written, if any."""
        if tag >> 16 == 0xFFFE:
            mode = Mode.END if tag in (ITEM_END, SEQUENCE_END) else Mode.REMOVE
            return Entry(mode, 2, tag, "", Verdict(Do.REMOVE))
        form = 2 if self.encoding.implicit else int(written in LONG_VRS)
        if form == 0 and not (written.isalpha() and written.isupper()):
            form = 2  # no VR where one should be
        vr = written.decode("latin-1") if form < 2 else ""
        unknown = vr in ("", "UN")
        if tag >> 16 & 1:
            return Entry(Mode.PRIVATE, form, tag, vr, Verdict(Do.REMOVE), vr == "UN")
        standard = dictionary_vrs(tag)
        if unknown:
            vr = standard[0] if standard else "UN"
        verdict = self.bench.rules.verdict(tag, vr, self.scope)
        return Entry(self._mode(tag, vr, verdict, standard), form, tag, vr, verdict, unknown and form < 2)

    def _mode(self, tag: int, vr: str, verdict: Verdict, standard: Sequence[str]) -> Mode:
        if tag == CHARSET:
            return Mode.CHARSET
        if tag == SOP_INSTANCE:
            return Mode.INSTANCE
        if tag in PIXEL_TAGS and verdict.do is Do.BULK:
            return Mode.PIXELS
        if (vr in BULK or vr in _BINARY) and verdict.do in (Do.BULK, Do.NUMBER, Do.TAGS, Do.KEEP):
            # Bytes that nobody reads are believed only where the standard has such bytes.
            fits = vr in standard or (vr in BULK and any(s in BULK for s in standard))
            numbers = not standard and vr in _BINARY
            kept = Mode.BULK if vr in BULK else Mode.KEEP
            return kept if fits or numbers else Mode.REMOVE
        if vr == "SQ":
            if verdict.do in (Do.ITEMS, Do.UID, Do.KEEP):
                return Mode.ITEMS
            if verdict.do is Do.DUMMY:
                return Mode.DUMMY_ITEMS
        return {Do.REMOVE: Mode.REMOVE, Do.EMPTY: Mode.EMPTY}.get(verdict.do, Mode.VALUE)

    def settle(self, entry: Entry, raw: bytes) -> bytes | Same | None:
        """What becomes of a value: its new bytes, the same, or None where the element goes."""
        memory = entry.memory
        try:
            return memory[raw]
        except KeyError:
            pass
        found = self._settle(entry, raw)
        if len(raw) <= _SHORT and not self.bench.undecodable:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            memory[raw] = found
        return found

    def _settle(self, entry: Entry, raw: bytes) -> bytes | Same | None:
        vr, verdict = entry.vr, entry.verdict
        bench = self.bench
        if vr in _BINARY or vr in BULK:  # only a dummy is asked of these
            return bytes(_WIDTHS.get(vr, 2))
        text = self._text(vr, raw)
        if text is None:
            bench.undecodable = True
            cleaned = bench.values.clean(Verdict(Do.DUMMY), entry.tag, vr, ["?"], bench.subject)
        else:
            values = [text] if vr in _SINGLE else text.split("\\") if text else []
            cleaned = bench.values.clean(verdict, entry.tag, vr, values, bench.subject)
            if cleaned == values and verdict.do is not Do.DUMMY:
                return self._also_hidden(entry, raw)
        if cleaned is None:
            return None
        joined = "\\".join("" if v is None else str(v) for v in cleaned)
        return (
            self.charset.encode(joined) if vr in TEXTS or vr == "PN" else joined.encode("latin-1", "replace")
        )

    def _text(self, vr: str, raw: bytes) -> str | None:
        if vr in TEXTS or vr == "PN":
            found = self.charset.decode(raw)
            return None if found is None else found.rstrip(" \x00")
        return raw.decode("latin-1").strip(" \x00") if vr != "DS" else raw.decode("latin-1").rstrip(" \x00")

    def _also_hidden(self, entry: Entry, raw: bytes) -> bytes | Same | None:
        """A text that says nothing in its declared character set may in UTF-8."""
        hidden = hidden_text(raw, self.charset) if entry.vr in TEXTS else None
        if hidden is None:
            return SAME
        values = [hidden] if entry.vr in _SINGLE else hidden.split("\\")
        bench = self.bench
        cleaned = bench.values.clean(entry.verdict, entry.tag, entry.vr, values, bench.subject)
        if cleaned == values:
            return SAME
        return None if cleaned is None else "\\".join(cleaned).encode("ascii", "replace")


class Bench:
    """All tables for one subject under one set of rules.

    Args:
        values: cleans values.
        rules: the table under the options, with or without shifted dates.
        subject: whose images.
    """

    def __init__(self, values: ValueCleaner, rules: Rules, subject: Subject) -> None:
        self.values = values
        self.rules = rules
        self.subject = subject
        self.undecodable = False
        """Set where a text could not be read in its character set; the rewriter takes it back for each file."""
        self._tables: dict[tuple[str, bytes, Encoding], Table] = {}

    def table(self, scope: str, declared: bytes, encoding: Encoding) -> Table:
        """The table of one place, made once."""
        mark = scope, declared, encoding
        found = self._tables.get(mark)
        if found is None:
            if len(self._tables) > 512:
                self._tables.clear()
            found = self._tables[mark] = Table(self, scope, declared, encoding)
        return found

    def private_entry(self, creator: str, entry: Entry) -> Entry | None:
        """The entry of a private element that is known to be safe; None of any other."""
        if not self.rules.options.retain_safe_private:
            return None
        vr = safe_private().get((creator, entry.tag >> 16, entry.tag & 0xFF))
        if vr is None or entry.vr not in ("", "UN", vr):
            return None
        mode = Mode.KEEP if vr in _BINARY else Mode.VALUE
        return Entry(mode, entry.form, entry.tag, vr, private_verdict(vr), entry.unknown)


@lru_cache(maxsize=16384)
def dictionary_vrs(tag: int) -> tuple[str, ...]:
    """The VRs of an attribute by the dictionary of the standard; none where it is not in it."""
    from pydicom.datadict import dictionary_has_tag, dictionary_VR, repeater_has_tag

    if not dictionary_has_tag(tag) and not repeater_has_tag(tag):
        return ()
    return tuple(dictionary_VR(tag).split(" or "))
