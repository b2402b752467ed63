"""Statements about drugs: RXA, RXD, RXE, RXO with RXR (HL7 v2.9, chapter 4A; CDC's guide for immunisation messages)."""

from __future__ import annotations

from connectors.hl7v2.chart import Chart, Row, coding, key_of, moment
from connectors.hl7v2.message import Segment
from connectors.hl7v2.values import Coded, code_of, coded, number

KINDS = ("RXA", "RXD", "RXE", "RXO")
NO_VACCINE = "998"
"""CVX for "no vaccine administered": a message about forecasts or evidence of immunity, and no exposure."""
_NOT_GIVEN = frozenset({"NA"})
_CANCELLED = frozenset({"CA", "OC", "CR", "OD", "DE"})
_UNKNOWN_AMOUNT = 999.0


class Drug:
    """One drug of a message, until its route has been read."""

    def __init__(self, chart: Chart, segment: Segment) -> None:
        self._chart = chart
        self._segment = segment
        self._route = Coded()

    def take(self, segment: Segment) -> None:
        """RXR: the route."""
        self._route = self._route or coded(segment.first(1))

    def finish(self) -> bool:
        """The statement; False where the segment names no drug."""
        segment = self._segment
        found = coded(segment.first({"RXA": 5, "RXD": 2, "RXE": 2, "RXO": 1}[segment.name]))
        if not found or (segment.name == "RXA" and found.code == NO_VACCINE):
            return False
        row = {"RXA": self._given, "RXD": self._dispensed}.get(segment.name, self._prescribed)(found)
        row |= coding(found) | coding(self._route, "route_")
        row["kind"] = segment.name
        thing, retracted = row.pop("_thing"), row.pop("_retracted")
        rank = 0 if segment.name == "RXO" else 1
        self._chart.state("hl7v2.drug", segment, thing, row, rank=rank, retracted=retracted)
        return True

    def _given(self, found: Coded) -> Row:
        chart, segment = self._chart, self._segment
        start, end = (chart.local(segment.value(i)) for i in (3, 4))
        order = chart.order_number()
        told = order or f"{chart.subject}|{key_of(found)}"
        when = "" if order and chart.type == "VXU" else segment.value(3)  # of a drug given again and again
        thing = ("given", told, segment.value(2), when)
        amount = number(segment.value(6))
        status = segment.value(20)
        retracted = status in _NOT_GIVEN or segment.value(21) == "D"
        return {
            **chart.about(*thing, provider=chart.person_in_charge(segment, 10)),
            **moment("start", start or chart.care_time),
            **moment("end", end),
            **coding(coded(segment.first(18), "NIP002"), "refusal_"),
            "quantity": None if amount == _UNKNOWN_AMOUNT else amount,
            "dose_unit": code_of(segment.value(7)),
            "lot_number": code_of(segment.value(15)),
            "status": status if status in ("CP", "PA", "RE", "NA") else None,
            "_thing": thing,
            "_retracted": retracted,
        }

    def _dispensed(self, found: Coded) -> Row:
        chart, segment = self._chart, self._segment
        stated = segment.value(7)
        prescription = (
            (chart.under("", stated) if stated else "")
            or chart.order_number(placer=True)
            or f"{chart.subject}|{key_of(found)}"
        )
        thing = ("dispensed", prescription, segment.value(1), segment.value(3))
        refills = number(segment.value(8))
        return {
            **chart.about(*thing, provider=chart.person_in_charge(segment, 10)),
            **moment("start", chart.local(segment.value(3)) or chart.care_time),
            "quantity": number(segment.value(4)),
            "dose_unit": code_of(segment.value(5)),
            "refills": int(refills) if refills is not None and 0 <= refills < 1000 else None,
            "lot_number": code_of(segment.value(18)),
            "_thing": thing,
            "_retracted": self._is_cancelled(),
        }

    def _prescribed(self, found: Coded) -> Row:
        """RXE, the encoded order, and RXO, the order as it was asked for: one thing, of which the first counts more."""
        chart, segment, order = self._chart, self._segment, self._chart.order
        encoded = segment.name == "RXE"
        number_of_order = chart.order_number(placer=True) or f"{chart.subject}|{key_of(found)}"
        thing = ("prescribed", number_of_order)
        timing = segment.first(1) if encoded else (order.first(7) if order else ())
        start, end = (_sub(timing, i) for i in (4, 5))
        start = start or (order.value(15) or order.value(9) if order else "")
        refills = number(segment.value(12 if encoded else 13))
        dispensed = number(segment.value(10 if encoded else 11))
        doctor = chart.person_in_charge(order, 12) if order else None
        return {
            **chart.about(*thing, provider=doctor),
            **moment("start", chart.local(start) or chart.care_time),
            **moment("end", chart.local(end)),
            "quantity": dispensed if dispensed is not None else number(segment.value(3 if encoded else 2)),
            "dose_unit": code_of(segment.value(5 if encoded else 4)),
            "refills": int(refills) if refills is not None and 0 <= refills < 1000 else None,
            "sig": (segment.text(7) if encoded else "").strip(" ^") or None,
            "_thing": thing,
            "_retracted": self._is_cancelled(),
        }

    def _is_cancelled(self) -> bool:
        order = self._chart.order
        return order is not None and order.value(1) in _CANCELLED


def _sub(timing: tuple[tuple[str, ...], ...], component: int) -> str:
    return timing[component - 1][0].strip() if len(timing) >= component else ""
