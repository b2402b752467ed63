"""Rules on rows of an OMOP export: what no row can say and be true, and what is odd about its file."""

from __future__ import annotations

from datetime import date

import polars as pl

from contracts.privacy import Action
from contracts.schemas.omop_source import TABLES
from tasks.cleaning.rules import Rule, earlier, impossible, later_than, missing

_DATED = {Action.DATE.value.encode(), Action.DATETIME.value.encode()}
_STARTS = {
    "omop.observation_period": "observation_period",
    "omop.visit_occurrence": "visit",
    "omop.visit_detail": "visit_detail",
    "omop.condition_occurrence": "condition",
    "omop.drug_exposure": "drug_exposure",
    "omop.device_exposure": "device_exposure",
    "omop.payer_plan_period": "payer_plan_period",
    "omop.episode": "episode",
}
"""Tables of what lasts, and the beginning of their columns' names."""
_DAYS = {
    "omop.procedure_occurrence": "procedure_date",
    "omop.measurement": "measurement_date",
    "omop.observation": "observation_date",
    "omop.specimen": "specimen_date",
    "omop.note": "note_date",
}


def rules(table: str, today: date | None) -> list[Rule]:
    """The rules of a table; those on the future need `today`."""
    found = [*warn_of_columns(), *reject_impossible_dates(table)]
    if table in _STARTS:
        found += reject_without_start(f"{_STARTS[table]}_start_date")
        found += reject_ending_before_start(_STARTS[table])
    if table in _DAYS:
        found += reject_without_start(_DAYS[table])
    if table == "omop.procedure_occurrence":
        found += reject_procedures_ending_before_start()
    if table == "omop.observation_period":
        found += reject_without_start("observation_period_end_date")
    if table == "omop.note":
        found += reject_notes_without_text()
    if table == "omop.patient":
        found += reject_births_in_future(today)
    return found


def warn_of_columns() -> list[Rule]:
    """Rows of files with columns that the CDM has not, or without some that it has."""
    layout = pl.col("layout")
    return [
        Rule(name, "layout", layout.str.contains(name, literal=True), ("layout",), "warning")
        for name in ("unknown-columns", "missing-columns")
    ]


def reject_impossible_dates(table: str) -> list[Rule]:
    """Dates and times that no calendar has, in any column that holds one."""
    dated = [column.name for column in TABLES[table] if (column.metadata or {}).get(b"action") in _DATED]
    return [Rule("impossible-date", name, impossible(name), (name,)) for name in dated]


def reject_without_start(column: str) -> list[Rule]:
    """A row that tells no day."""
    return [Rule(f"missing-{column.replace('_', '-')}", column, missing(column), (column,))]


def reject_ending_before_start(name: str) -> list[Rule]:
    """What ends on a day before it begins."""
    end, start = f"{name}_end_date", f"{name}_start_date"
    return [Rule("ends-before-start", end, earlier(end, start), (end, start))]


def reject_procedures_ending_before_start() -> list[Rule]:
    """A procedure that ends on a day before it begins."""
    columns = ("procedure_end_date", "procedure_date")
    return [Rule("ends-before-start", columns[0], earlier(*columns), columns)]


def reject_notes_without_text() -> list[Rule]:
    """A note whose text is empty or white space."""
    empty = missing("note_text") | ~pl.col("note_text").str.contains(r"\S")
    return [Rule("missing-text", "note_text", empty, ("note_text",))]


def reject_births_in_future(today: date | None) -> list[Rule]:
    """A birth later than the round's date."""
    if today is None:
        return []
    broken = later_than("birth_date", today.isoformat())
    return [Rule("birth-in-future", "birth_date", broken, ("birth_date",))]
