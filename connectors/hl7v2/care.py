"""Statements about diagnoses, allergies and procedures: DG1, AL1, IAM, PR1, and orders that were carried out."""

from __future__ import annotations

from connectors.hl7v2.chart import Chart, coding, key_of, moment
from connectors.hl7v2.message import Segment
from connectors.hl7v2.values import Coded, code_of, coded

_DELETED = "D"
_ERRONEOUS = "E"
_DONE = frozenset({"F", "C", "R", "P"})


def state_diagnosis(chart: Chart, segment: Segment) -> bool:
    """DG1; its description (DG1-4, of older versions) stands in where no code has words."""
    found = coded(segment.first(3))
    words = segment.text(4).strip()
    if not found:
        found = Coded(text=words or None)
    elif found.code and not found.display and words:
        found = Coded(found.system, found.code, words)
    if not found:
        return False
    stated = segment.value(20) if code_of(segment.value(20)) else ""
    thing = ("diagnosis", chart.visit or str(chart.subject), stated or key_of(found))
    doctor = chart.person_in_charge(segment, 16)
    row = chart.about(*thing, provider=doctor)
    row |= coding(found) | moment("start", chart.local(segment.value(5)) or chart.care_time)
    row["kind"] = code_of(segment.value(6))
    chart.state("hl7v2.diagnosis", segment, thing, row, retracted=segment.value(21) == _DELETED)
    return True


def state_allergy(chart: Chart, segment: Segment) -> bool:
    """AL1 or IAM: that a person is allergic, and to what."""
    full = segment.name == "IAM"
    found = coded(segment.first(3))
    if not found:
        return False
    thing = ("allergy", str(chart.subject), key_of(found))
    noticed = segment.value(11) or segment.value(13) if full else segment.value(6)
    retracted = full and (segment.value(6) == _DELETED or segment.value(17) == _ERRONEOUS)
    row = chart.about(*thing)
    row |= coding(found, "value_") | moment("start", chart.local(noticed) or chart.care_time)
    row["kind"] = code_of(segment.value(2))
    row["severity"] = code_of(segment.value(4))
    chart.state("hl7v2.allergy", segment, thing, row, retracted=retracted)
    return True


def state_procedure(chart: Chart, segment: Segment) -> bool:
    """PR1."""
    found = coded(segment.first(3))
    if not found:
        found = Coded(text=segment.text(4).strip() or None)
    if not found:
        return False
    stated = segment.value(19) if code_of(segment.value(19)) else ""
    begin = chart.local(segment.value(5)) or chart.care_time
    thing = ("procedure", chart.visit or str(chart.subject), stated or f"{key_of(found)}|{begin}")
    doctor = chart.person_in_charge(segment, 11, 12, 8)
    row = chart.about(*thing, provider=doctor)
    row |= coding(found) | moment("start", begin) | coding(coded(segment.first(16)), "modifier_")
    chart.state("hl7v2.procedure", segment, thing, row, retracted=segment.value(20) == _DELETED)
    return True


def state_ordered(chart: Chart, segment: Segment) -> bool:
    """OBR of an order: a procedure where order or request say that it was done; else it is a plan, and none."""
    done = segment.value(25) in _DONE or (chart.order is not None and chart.order.value(5) == "CM")
    found = coded(segment.first(4))
    if not (done and found):
        return False
    thing = ("ordered", chart.order_number() or str(chart.subject), key_of(found))
    begin = chart.local(segment.value(7)) or chart.care_time
    doctor = chart.person_in_charge(segment, 34, 16)
    row = chart.about(*thing, provider=doctor)
    row |= coding(found) | moment("start", begin) | coding(coded(segment.first(45)), "modifier_")
    row |= chart.accessions()
    chart.state("hl7v2.procedure", segment, thing, row)
    return True


def state_role(chart: Chart, segment: Segment, *fields: int) -> None:
    """PD1-4, ROL-4 and PRT-5: persons in charge, who get a statement of their own."""
    chart.person_in_charge(segment, *fields)
