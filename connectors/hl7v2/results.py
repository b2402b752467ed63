"""Statements that OBX make: results, and the lines of a report joined to one note (HL7 v2.9, chapter 7)."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from connectors.hl7v2.chart import Chart, Row, coding, key_of, moment
from connectors.hl7v2.message import Components, Segment, part
from connectors.hl7v2.values import Coded, code_of, coded, compared, number, range_of
from connectors.markup import read_document
from contracts.schemas.vocabularies import vocabulary_of

RESULTS = frozenset({"ORU", "OUL", "ORA"})
RETRACTED = frozenset({"D", "W", "X"})
"""States of OBX-11 that take a result back: deleted, wrong (of another patient), not to be had."""
_PENDING = frozenset({"N", "I", "O"})
"""States in which there is no result yet: not asked for, pending, order only."""
STATES = ("O", "N", "I", "R", "S", "P", "A", "B", "V", "F", "U", "C", "D", "W", "X")
"""States of OBX-11 as they follow one another, which orders statements of one time."""
_TEXTS = frozenset({"TX", "FT"})
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_TIMES = frozenset({"DT", "TM", "TS", "DTM", "DR"})
_MARKED = {"HTML": "text/html", "RTF": "text/rtf", "XML": "text/xml"}
_WITHOUT_VALUE = frozenset(
    {"ED", "RP", "NA", "MA", "CP", "XPN", "PN", "XCN", "CN", "XTN", "TN", "XAD", "AD", "CX"}
)
"""Types whose values cannot be kept: pointers and binary data, arrays, and what identifies a person."""
_REPORTS = frozenset(
    {"RAD", "RUS", "CT", "NMR", "NMS", "CUS", "VUS", "OUS", "XRC", "MRI", "SP", "CP", "CG", "EC", "EN"}
)
"""Diagnostic services (OBR-24, table 0074) whose texts are reports."""
_NOTE_LENGTH = 200
"""Characters from which a text is a note, and no value."""
_OPERATORS = {"<", "<=", "=", ">=", ">"}


@dataclass
class Text:
    """Lines of one text, gathered until the request they belong to ends."""

    segment: Segment
    found: Coded
    thing: tuple[str, ...]
    lines: list[str] = field(default_factory=list)
    states: set[str] = field(default_factory=set)


class Request:
    """What the OBX of one request share: found once, however many they are."""

    def __init__(self, chart: Chart) -> None:
        segment = self.segment = chart.request
        self.order = chart.order_number()
        if segment is None:
            self.panel = self.begin = self.reported = self.service = self.time = ""
            self.doctor = None
            return
        self.panel = key_of(coded(segment.first(4)))
        self.begin = segment.raw(7)
        self.time = segment.value(7) or segment.value(22)
        self.reported = chart.instant(segment.value(22))
        self.service = segment.value(24)
        self.doctor = chart.person_in_charge(segment, 32, 34)
        if self.order:
            self.order = f"{self.order}|{self.begin[:4]}"  # laboratories begin their numbers anew with a year


class Results:
    """The OBX of one message, request by request."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._request: Request | None = None
        self._seen: Counter[str] = Counter()
        self._texts: dict[str, Text] = {}

    def take(self, segment: Segment) -> str:
        """Make its statement, or keep its line; returns why there is none, as a type of what is ignored."""
        kind, state = segment.value(2), segment.value(11)
        found = coded(segment.first(3))
        if not found:
            return "OBX-without-code"
        if state in _PENDING:
            return "OBX-pending"
        if state == "U" and not segment.raw(5):
            return "OBX-state-alone"
        if kind == "ED" and state not in RETRACTED:
            text = _encapsulated(segment)
            if text is None:
                return "OBX-ED"
            self._gather(segment, found, text)
        elif kind in _TEXTS:
            self._gather(segment, found, segment.text(5))
        elif kind in _WITHOUT_VALUE and state not in RETRACTED:
            return f"OBX-{kind}"
        else:
            self._state(segment, found)
        return ""

    def finish(self) -> None:
        """The request ends: its texts are whole."""
        for text in self._texts.values():
            self._tell(text)
        self._texts.clear()
        self._request = None

    @property
    def request(self) -> Request:
        """The request that is in force."""
        if self._request is None:
            self._request = Request(self._chart)
        return self._request

    def _thing(self, segment: Segment, found: Coded, *, whole: bool) -> tuple[str, ...]:
        """What tells a result apart: order and panel, code and sub-id, and its place among those that share them."""
        chart, request = self._chart, self.request
        order = request.order
        if not order:  # nothing but person, visit and time tells it apart
            begin = request.begin or segment.raw(14) or chart.event_time or ""
            order = f"{chart.subject}|{chart.visit or ''}|{begin}"
        key = f"{order}|{request.panel}|{key_of(found)}|{'' if whole else segment.value(4)}"
        self._seen[key] += 1
        return ("result", key, str(self._seen[key]))

    def _gather(self, segment: Segment, found: Coded, line: str) -> None:
        text = self._texts.get(key_of(found))
        if text is None:
            thing = self._thing(segment, found, whole=True)
            text = self._texts[key_of(found)] = Text(segment, found, thing)
        state = segment.value(11)
        text.states.add(state)
        if state not in RETRACTED:
            text.lines.append(line)

    def _tell(self, text: Text) -> None:
        """A text of one short line is a value, unless it comes from a service that writes reports."""
        whole = "\n".join(text.lines)
        retracted = text.states <= RETRACTED
        short = len(text.lines) == 1 and len(whole) <= _NOTE_LENGTH and "\n" not in whole
        if short and not retracted and self.request.service not in _REPORTS:
            self._state(text.segment, text.found, text.thing)
            return
        chart, segment = self._chart, text.segment
        row = self._row(segment, text.thing)
        row |= coding(text.found)
        row["status"] = _status(max(text.states, key=_place))
        row["note"] = whole or None
        row |= chart.accessions()
        order = self._order(segment, row["status"])
        chart.state("hl7v2.note", segment, text.thing, row, order=order, retracted=retracted)

    def _row(self, segment: Segment, thing: tuple[str, ...]) -> Row:
        doctor = self._chart.person_in_charge(segment, 16) or self.request.doctor
        row = self._chart.about(*thing, provider=doctor)
        stated = segment.value(14) or self.request.time
        return row | moment("start", self._chart.local(stated) or self._chart.care_time)

    def _order(self, segment: Segment, status: str | None) -> tuple[str, ...]:
        observed = self._chart.instant(segment.value(14))
        return self.request.reported, f"{_place(status or ''):02d}", observed

    def _state(self, segment: Segment, found: Coded, thing: tuple[str, ...] | None = None) -> None:
        chart, status = self._chart, _status(segment.value(11))
        thing = thing or self._thing(segment, found, whole=False)
        row = self._row(segment, thing) | coding(found) | _value(segment, chart) | _unit(segment.first(6))
        row["range_low"], row["range_high"] = range_of(segment.value(7))
        row["flag"] = code_of(segment.value(8))
        row["status"] = status
        measured = chart.type in RESULTS or row.get("value_number") is not None
        row["domain"] = "Measurement" if measured else "Observation"
        order = self._order(segment, status)
        # HL7's null says that the value is to be deleted (v2.9, 2.5.3): nothing is left that was measured
        retracted = status in RETRACTED or segment.is_null(5)
        chart.state("hl7v2.result", segment, thing, row, order=order, retracted=retracted)


def _status(value: str) -> str | None:
    return value if value in STATES else None


def _place(status: str) -> int:
    return STATES.index(status) if status in STATES else STATES.index("F")


def _value(segment: Segment, chart: Chart) -> Row:
    """The value's columns, by its type (OBX-2)."""
    kind, raw = segment.value(2), segment.raw(5)
    if not raw:
        return {}
    if kind == "SN":
        return _structured(segment)
    if kind in _CODED:
        default = None if kind in ("CE", "CWE", "CNE", "CF") else "L"
        return coding(coded(segment.first(5), default), "value_")
    if kind in _TIMES - {"TM"}:
        return moment("value", chart.local(segment.value(5)))
    told = compared(segment.text(5))
    if told is not None and kind in ("NM", "ST"):
        return {"operator": told[0], "value_number": told[1]}
    return {"value_free": segment.text(5).strip() or None}


def _structured(segment: Segment) -> Row:
    """SN: comparator, number, separator, number. A ratio or range has no one number: it stays as it is written."""
    parts = segment.first(5)
    sign, first, between, second = (part(parts, i) for i in range(1, 5))
    value = number(first)
    if value is not None and not between and not second and (not sign or sign in _OPERATORS):
        return {"operator": sign or None, "value_number": value}
    return {"value_free": f"{sign}{first}{between}{second}" or None}


@lru_cache(maxsize=1 << 12)
def _unit(parts: Components) -> Row:
    """OBX-6: the unit as it is written, and its UCUM code where the segment says that it is one."""
    for start in (1, 4):
        if vocabulary_of(part(parts, start + 2)) == "UCUM" and code_of(part(parts, start)):
            return {"unit": part(parts, start), "unit_code": part(parts, start)}
    return {"unit": code_of(part(parts, 1)) or code_of(part(parts, 2).replace(" ", ""))}


def _encapsulated(segment: Segment) -> str | None:
    """The text in an ED value of text, with markup or without; None for something else, or what can't be decoded."""
    pieces = segment.pieces(5)
    if len(pieces) < 5 or not (kind := _media(pieces[1].upper(), pieces[2].upper())):
        return None
    encoding = pieces[3].upper()
    try:
        if encoding == "BASE64":
            return read_document(base64.b64decode("".join(pieces[4].split()), validate=True), kind, None)
        if encoding == "HEX":
            return read_document(bytes.fromhex(pieces[4]), kind, None)
        return read_document(pieces[4].encode(), kind, "utf-8")
    except (binascii.Error, ValueError):
        return None


def _media(kind: str, subtype: str) -> str | None:
    """The media type of an ED value by its type and subtype (ED-2, ED-3, tables 0834 and 0291); None for no text."""
    found = next((name for name in _MARKED if name in subtype), None)
    if found and kind in ("TEXT", "TX", "FT", "AP", "APPLICATION"):
        return _MARKED[found]
    return "text/plain" if kind in ("TEXT", "TX", "FT", "AP") and "PLAIN" in subtype else None


def text_of(segment: Segment) -> str | None:
    """The text of a document's OBX; None where it holds none."""
    if segment.value(2) == "ED":
        return _encapsulated(segment)
    return segment.text(5) if segment.value(2) in _TEXTS | {"ST", ""} else None
