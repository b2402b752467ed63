"""Statements about the person and the visit: PID, PV1 (HL7 v2.9, chapter 3)."""

from __future__ import annotations

from connectors.fhir.states import state_code
from connectors.hl7v2.chart import Chart, Row, moment
from connectors.hl7v2.message import Segment, part
from connectors.hl7v2.values import code_of, coded

ADMITTING = frozenset({"A01", "A04", "A05"})
CANCELLED = frozenset({"A11", "A23", "A38"})
"""Events by which a visit never was: cancelled admission, deleted visit, cancelled pre-admission."""
_PRECISION = {4: "year", 7: "month", 10: "day"}
_DEMOGRAPHIC = 1
"""An ADT message's word about person and visit counts more than what results and orders carry along."""


def state_patient(chart: Chart, segment: Segment) -> None:
    """PID as the source's statement about its patient."""
    assert chart.subject is not None
    birth = chart.local(segment.value(7))
    race, ethnicity = (coded(segment.first(number)) for number in (10, 22))
    place = segment.first(11)
    row: Row = {
        "id": chart.subject,
        "subject": chart.subject,
        "birth_date": birth,
        "birth_precision": _PRECISION.get(len(birth[:10])) if birth else None,
        "birth_year": birth,
        "deceased": {"Y": True, "N": False}.get(segment.value(30)),
        **moment("death", chart.local(segment.value(29))),
        "updated": chart.sent_local if chart.sent_local and len(chart.sent_local) > 10 else None,
        "gender": code_of(segment.value(8)),
        "race_code": race.code,
        "race_text": None if race.code else race.text,
        "ethnicity_code": ethnicity.code,
        "ethnicity_text": None if ethnicity.code else ethnicity.text,
        "zip": part(place, 5) or None,
        "state": state_code(part(place, 4) or None),
    }
    rank = _DEMOGRAPHIC if chart.type == "ADT" else 0
    chart.state("hl7v2.patient", segment, ("patient", chart.subject), row, rank=rank)


def visit_number(chart: Chart, segment: Segment, patient: Segment | None) -> str | None:
    """What tells the visit apart, under who assigned it: PV1-19, else the account of PID-18, else person, class and
    begin."""
    number = segment.value(19)
    if number:
        return f"visit|{chart.under(_assigned_by(segment, 19), number)}"
    account = patient.value(18) if patient else ""
    if patient and account:
        return f"account|{chart.under(_assigned_by(patient, 18), account)}"
    begin = segment.value(44)
    return f"{chart.subject}|{segment.value(2)}|{begin}" if begin else None


def _assigned_by(segment: Segment, number: int) -> str:
    """The assigning authority of a CX."""
    return segment.value(number, 4) or part(segment.first(number), 4, 2)


def state_visit(chart: Chart, segment: Segment) -> bool:
    """PV1 as a statement about the visit; False where it only says which visit the message belongs to."""
    admission = chart.type == "ADT"
    start = chart.local(segment.value(44))
    end = chart.local(segment.value(45))
    retracted = admission and chart.trigger in CANCELLED
    chart.visit_start = start
    if admission:
        if chart.trigger in ADMITTING:
            start = start or chart.event_time
        if chart.trigger == "A03":
            end = end or chart.event_time
        if chart.trigger == "A13":
            end = None  # the discharge is cancelled
    if chart.visit is None or not (admission or start):
        return False
    attending = chart.person_in_charge(segment, 7, 17, 9, 8)
    row = chart.about(chart.visit, provider=attending)
    row["visit"] = None
    row |= {
        "class_code": code_of(segment.value(2)),
        "admission_type": code_of(segment.value(4)),
        "service": code_of(segment.value(10)),
        **moment("start", start),
        **moment("end", end),
        "admit_source": code_of(segment.value(14)),
        "disposition": code_of(segment.value(36)),
    }
    rank = _DEMOGRAPHIC if admission else 0
    chart.state("hl7v2.visit", segment, ("visit", chart.visit), row, rank=rank, retracted=retracted)
    return True
