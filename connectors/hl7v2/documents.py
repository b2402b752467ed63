"""Statements about documents: TXA with the OBX of its text (HL7 v2.9, chapter 9)."""

from __future__ import annotations

from connectors.hl7v2.chart import Chart, coding, moment
from connectors.hl7v2.message import Segment
from connectors.hl7v2.results import text_of
from connectors.hl7v2.values import Coded, coded

REPLACING = frozenset({"T09", "T10"})
CANCELLING = "T11"
WITH_TEXT = frozenset({"T02", "T04", "T06", "T08", "T10"})
_OVER = frozenset({"CA", "OB"})
_PARENT = 1


class Document:
    """One document of a message: its header, and the text that follows."""

    def __init__(self, chart: Chart, segment: Segment) -> None:
        self._chart = chart
        self._segment = segment
        self._lines: list[str] = []
        self._named: Coded | None = None

    def take(self, segment: Segment) -> str:
        """An OBX: its text; returns why it has none, as a type of what is ignored."""
        text = text_of(segment)
        if text is None:
            return f"OBX-{segment.value(2)[:3]}" if segment.value(2).isalnum() else "OBX"
        found = coded(segment.first(3))
        if self._named is None and found.code:
            self._named = found
        self._lines.append(text)
        return ""

    def finish(self) -> None:
        """The document's statement; and where it replaces another one, that this is no more."""
        chart, segment = self._chart, self._segment
        thing = self._thing(12)
        cancelled = chart.trigger == CANCELLING or segment.value(19) in _OVER
        found = coded(segment.first(2), "HL70270") if segment.raw(2) else self._named or Coded()
        if self._named and self._named.system == "LOINC":
            found = self._named
        author = chart.person_in_charge(segment, 9, 5, 10)
        row = chart.about(*thing, provider=author)
        begin = next((v for v in map(segment.value, (4, 6, 7)) if v), "")
        row |= coding(found) | moment("start", chart.local(begin) or chart.care_time)
        row["status"] = "F" if segment.value(17) in ("AU", "LA") else "P" if segment.value(17) else None
        row["note"] = "\n".join(self._lines).strip() or None
        row |= chart.accessions(segment)
        order = (chart.instant(segment.value(8)), "1" if cancelled else "0")
        chart.state("hl7v2.note", segment, thing, row, order=order, retracted=cancelled)
        if chart.trigger in REPLACING and segment.value(13) and self._thing(13) != thing:
            parent = self._thing(13)
            chart.state("hl7v2.note", segment, parent, {}, order=("~",), place=_PARENT, retracted=True)

    def _thing(self, number: int) -> tuple[str, ...]:
        """The document by its unique number: TXA-12, or TXA-13 for the one that it is based on."""
        stated = self._segment.value(number)
        if not stated:  # nothing but person, kind and time tells it apart
            stated = f"{self._chart.subject}|{self._segment.value(2)}|{self._segment.raw(4) or self._segment.raw(6)}"
            return ("document", stated)
        namespace = self._segment.value(number, 2) or self._segment.value(number, 3)
        return ("document", self._chart.under(namespace, stated))
