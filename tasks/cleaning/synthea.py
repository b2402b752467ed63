"""Rules on the rows of a Synthea export: what no row can say and be true, and what is odd about a file."""

from __future__ import annotations

from datetime import date

import polars as pl

from contracts.privacy import Action
from contracts.schemas.synthea import TABLES
from tasks.cleaning.rules import Rule, earlier, earlier_by_hours, impossible, later_than, missing

_OF_NOBODY = frozenset(("provider", "organization", "payer"))
_UNDATED = _OF_NOBODY | {"patient", "claim"}


def rules(table: str, today: date | None) -> list[Rule]:
    """The rules of a table of the export; those on the future need `today`."""
    name = table.partition(".")[2]
    found = [*reject_impossible_dates(table), *reject_rows_without_key(name)]
    if name == "patient":
        found += reject_impossible_lives(today)
    if name == "claim":
        found += [Rule("missing-date", "service_date", missing("service_date"), ("service_date",))]
    if name not in _UNDATED:
        found += [Rule("missing-start-date", "start_date", missing("start_date"), ("start_date",))]
        found += warn_of_starts_in_future(today)
    if "end_date" in TABLES[table].names:
        found += reject_ends_before_start(name)
    return [*found, *warn_of_columns()]


def reject_impossible_dates(table: str) -> list[Rule]:
    """Dates that no calendar has, in any column that holds a date."""
    action = Action.DATE.value.encode()
    dates = [column.name for column in TABLES[table] if (column.metadata or {}).get(b"action") == action]
    return [Rule("impossible-date", name, impossible(name), (name,)) for name in dates]


def reject_rows_without_key(name: str) -> list[Rule]:
    """A row about nobody, or a record of its own without an id."""
    found = [Rule("missing-id", "id", missing("id"), ("id",))]
    if name not in _OF_NOBODY:
        found.append(Rule("missing-subject", "subject", missing("subject"), ("subject",)))
    return found


def reject_impossible_lives(today: date | None) -> list[Rule]:
    """A birth later than the round's date, a death earlier than the birth."""
    columns = ("death_date", "birth_date")
    found = [Rule("death-before-birth", "death_date", earlier(*columns), columns)]
    if today is not None:
        born = later_than("birth_date", today.isoformat())
        found.append(Rule("birth-in-future", "birth_date", born, ("birth_date",)))
    return found


def reject_ends_before_start(name: str) -> list[Rule]:
    """A row that ends before it starts. In the night in which clocks go back it may seem to, by an hour."""
    by_day = earlier("end_date", "start_date")
    by_time = earlier_by_hours("end_datetime", "start_datetime", 1)
    columns = ("end_date", "start_date", "end_datetime", "start_datetime")
    reason = "visit-ends-before-start" if name == "encounter" else "ends-before-start"
    return [Rule(reason, "end_date", by_day | by_time.fill_null(False), columns)]


def warn_of_starts_in_future(today: date | None) -> list[Rule]:
    """A row that starts after the round's date: planned, or a wrong year."""
    if today is None:
        return []
    broken = later_than("start_date", today.isoformat())
    return [Rule("starts-in-future", "start_date", broken, ("start_date",), "warning")]


def warn_of_columns() -> list[Rule]:
    """Rows of a file with columns that are none of Synthea's and are left out, or without some that are."""
    kinds = (("unknown-column", "unknown_columns"), ("absent-column", "missing_columns"))
    return [Rule(reason, name, pl.col(name) > 0, (name,), "warning") for reason, name in kinds]
