"""Rules on health records: what no record can say and be true."""

from __future__ import annotations

from datetime import date

import polars as pl

from contracts.privacy import Action
from contracts.schemas.fhir import TABLES
from tasks.cleaning.rules import Rule, earlier, earlier_by_hours, impossible, later_than, missing

_ERROR = "entered-in-error"


def rules(table: str, today: date | None) -> list[Rule]:
    """The rules of a table of FHIR records; those on the future need `today`."""
    found = reject_impossible_dates(table)
    if table == "fhir.patient":
        found += [*reject_births_in_future(today), *reject_deaths_before_birth()]
    elif table == "fhir.encounter":
        found += [*reject_records_without_subject(), *reject_records_entered_in_error("status")]
        found += [
            *reject_records_without_date("start-date", "start_date"),
            *reject_visits_ending_before_start(),
        ]
        found += warn_of_starts_in_future(today)
    elif table == "fhir.condition":
        found += [*reject_records_without_subject(), *reject_records_entered_in_error("verification_status")]
        found += [
            *reject_refuted_conditions(),
            *reject_records_without_date("date", "onset_date", "recorded_date"),
        ]
        found += reject_conditions_ending_before_start()
    elif table == "fhir.document_reference":
        found += [*reject_records_without_subject(), *reject_records_entered_in_error("status", "doc_status")]
        found += [
            *reject_records_without_date("date", "start_date", "authored_date"),
            *reject_notes_without_text(),
        ]
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
