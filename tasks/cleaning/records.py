"""Rules on health records: what no record can say and be true."""

from __future__ import annotations

from datetime import date

import polars as pl

from contracts.privacy import Action
from contracts.schemas.fhir import TABLES
from tasks.cleaning.rules import (
    Rule,
    earlier,
    earlier_by_hours,
    impossible,
    later_than,
    missing,
    warn_of_deaths_without_date,
)

_ERROR = "entered-in-error"
_VOIDED = ("status", "doc_status", "verification_status")
"""Columns in which a source declares a record void."""

_DATED = {
    "fhir.encounter": ("start_date",),
    "fhir.condition": ("onset_date", "recorded_date"),
    "fhir.procedure": ("start_date",),
    "fhir.allergy_intolerance": ("onset_date", "recorded_date"),
    "fhir.document_reference": ("start_date", "authored_date"),
    "fhir.diagnostic_report": ("start_date", "authored_date"),
    "fhir.specimen": ("start_date", "received_date"),
    "fhir.device_use_statement": ("start_date", "recorded_date"),
    "fhir.observation": ("start_date",),
    "fhir.medication_request": ("start_date", "valid_start_date"),
    "fhir.medication_administration": ("start_date",),
    "fhir.medication_statement": ("start_date", "asserted_date"),
    "fhir.medication_dispense": ("start_date",),
    "fhir.immunization": ("start_date", "recorded_date"),
}
"""Of these columns an event needs one."""

_NAMED = {
    "fhir.observation": ("code", "code_text"),
    "fhir.immunization": ("code", "code_text"),
    "fhir.medication_request": ("code", "code_text", "medication"),
    "fhir.medication_administration": ("code", "code_text", "medication"),
    "fhir.medication_statement": ("code", "code_text", "medication"),
    "fhir.medication_dispense": ("code", "code_text", "medication"),
}
"""Of these columns an event needs one, where FHIR requires that it says what was seen or given."""

_LASTING = ("fhir.procedure", "fhir.medication_administration", "fhir.device_use_statement", "fhir.coverage")
"""Tables whose start and end bound what happened, not what was intended."""


def rules(table: str, today: date | None) -> list[Rule]:
    """The rules of a table of FHIR records; those on the future need `today`."""
    found = reject_impossible_dates(table)
    if table == "fhir.patient":
        found += [*reject_births_in_future(today), *reject_deaths_before_birth()]
        return [*found, warn_of_deaths_without_date("deceasedBoolean")]
    if table in _DATED or table == "fhir.coverage":
        found += reject_records_without_subject()
    found += reject_records_entered_in_error(*(c for c in _VOIDED if c in TABLES[table].names))
    if table == "fhir.condition":
        found += reject_refuted_conditions()
    if table in _DATED:
        name = "start-date" if table == "fhir.encounter" else "date"
        found += reject_records_without_date(name, *_DATED[table])
    if table in _NAMED:
        found += reject_records_without_code(*_NAMED[table])
    if table in _LASTING:
        found += reject_records_ending_before_start()
    if table == "fhir.encounter":
        found += [*reject_visits_ending_before_start(), *warn_of_starts_in_future(today)]
    elif table == "fhir.condition":
        found += reject_conditions_ending_before_start()
    elif table == "fhir.document_reference":
        found += reject_notes_without_text()
    return found


def reject_impossible_dates(table: str) -> list[Rule]:
    """Dates that no calendar has, in any column that holds a date."""
    action = Action.DATE.value.encode()
    dates = [column.name for column in TABLES[table] if (column.metadata or {}).get(b"action") == action]
    return [Rule("impossible-date", name, impossible(name), (name,)) for name in dates]


def reject_records_without_subject() -> list[Rule]:
    """A record about care of no patient: no literal reference to a Patient."""
    return [Rule("missing-subject", "subject", missing("subject"), ("subject",))]


def reject_records_without_date(name: str, *columns: str) -> list[Rule]:
    """A record that tells no moment by any of `columns`."""
    broken = pl.all_horizontal(missing(column) for column in columns)
    return [Rule(f"missing-{name}", columns[0], broken, columns)]


def reject_records_without_code(*columns: str) -> list[Rule]:
    """A record that says by none of `columns` what it is about."""
    broken = pl.all_horizontal(missing(column) for column in columns)
    return [Rule("missing-code", columns[0], broken, columns)]


def reject_records_entered_in_error(*columns: str) -> list[Rule]:
    """A record that its own source has declared void (FHIR: it should never have existed)."""
    return [Rule(_ERROR, column, pl.col(column) == _ERROR, (column,)) for column in columns]


def reject_births_in_future(today: date | None) -> list[Rule]:
    """A birth later than the round's date."""
    if today is None:
        return []
    return [
        Rule("birth-in-future", "birth_date", later_than("birth_date", today.isoformat()), ("birth_date",))
    ]


def reject_deaths_before_birth() -> list[Rule]:
    """A death earlier than the birth."""
    columns = ("death_date", "birth_date")
    return [Rule("death-before-birth", "death_date", earlier(*columns), columns)]


def reject_visits_ending_before_start() -> list[Rule]:
    """A visit that ends before it starts.

    Times are local wall time, so in the night in which clocks go back a visit may seem to end up to an hour early:
    that alone is no fault.
    """
    by_day = earlier("end_date", "start_date")
    by_time = earlier_by_hours("end_datetime", "start_datetime", 1)
    columns = ("end_date", "start_date", "end_datetime", "start_datetime")
    return [Rule("visit-ends-before-start", "period", by_day | by_time.fill_null(False), columns)]


def reject_records_ending_before_start() -> list[Rule]:
    """Something done or used that ends on a day before it starts."""
    columns = ("end_date", "start_date")
    return [Rule("ends-before-start", "period", earlier(*columns), columns)]


def reject_conditions_ending_before_start() -> list[Rule]:
    """A condition that abates on a day before its onset."""
    columns = ("abatement_date", "onset_date")
    return [Rule("condition-ends-before-start", "abatement", earlier(*columns), columns)]


def reject_refuted_conditions() -> list[Rule]:
    """A condition that was ruled out: as a row of condition_occurrence it would say the opposite."""
    column = "verification_status"
    return [Rule("refuted-condition", column, pl.col(column) == "refuted", (column,))]


def reject_notes_without_text() -> list[Rule]:
    """A note whose text is empty or white space."""
    return [Rule("missing-text", "content", missing("text") | ~pl.col("text").str.contains(r"\S"), ("text",))]


def warn_of_starts_in_future(today: date | None) -> list[Rule]:
    """A visit that starts after the round's date: planned, or a wrong year."""
    if today is None:
        return []
    broken = later_than("start_date", today.isoformat())
    return [Rule("visit-starts-in-future", "period", broken, ("start_date",), "warning")]
