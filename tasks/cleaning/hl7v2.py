"""Rules on statements of HL7 v2 messages: what no statement can say and be true."""

from __future__ import annotations

from datetime import date

import polars as pl
import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.hl7v2 import TABLES
from tasks.cleaning.rules import (
    Rule,
    earlier,
    earlier_by_hours,
    impossible,
    later_than,
    missing,
    warn_of_deaths_without_date,
)

_OF_NOBODY = frozenset({"hl7v2.provider", "hl7v2.other"})
_UNDATED = _OF_NOBODY | {"hl7v2.patient"}


def rules(table: str, today: date | None) -> list[Rule]:
    """The rules of a table of statements; those on the future need `today`."""
    found = reject_impossible_dates(table)
    if table not in _OF_NOBODY:
        found.append(Rule("missing-subject", "PID-3", missing("subject"), ("subject",)))
    if table not in _UNDATED:
        found.append(Rule("missing-start-date", "start", missing("start_date"), ("start_date",)))
        found += warn_of_starts_in_future(today)
    if table == "hl7v2.patient":
        found += reject_impossible_lives(today)
    if "end_date" in TABLES[table].names:
        found += reject_ends_before_start(table)
    if table == "hl7v2.note":
        blank = missing("note") | ~pl.col("note").str.contains(r"\S")
        found.append(Rule("missing-text", "OBX-5", blank, ("note",)))
    return found


def reject_impossible_dates(table: str) -> list[Rule]:
    """Dates that no calendar has, in any column that holds a date."""
    action = Action.DATE.value.encode()
    dates = [
        column.name
        for column in TABLES[table]
        if (column.metadata or {}).get(b"action") == action and column.type == pa.string()
    ]
    return [Rule("impossible-date", name, impossible(name), (name,)) for name in dates]


def reject_impossible_lives(today: date | None) -> list[Rule]:
    """A birth later than the round's date, a death earlier than the birth."""
    columns = ("death_date", "birth_date")
    found = [
        Rule("death-before-birth", "PID-29", earlier(*columns), columns),
        warn_of_deaths_without_date("PID-30"),
    ]
    if today is not None:
        born = later_than("birth_date", today.isoformat())
        found.append(Rule("birth-in-future", "PID-7", born, ("birth_date",)))
    return found


def reject_ends_before_start(table: str) -> list[Rule]:
    """What ends before it starts. In the night in which clocks go back it may seem to, by an hour."""
    by_day = earlier("end_date", "start_date")
    by_time = earlier_by_hours("end_datetime", "start_datetime", 1)
    columns = ("end_date", "start_date", "end_datetime", "start_datetime")
    reason = "visit-ends-before-start" if table == "hl7v2.visit" else "drug-ends-before-start"
    return [Rule(reason, "end", by_day | by_time.fill_null(False), columns)]


def warn_of_starts_in_future(today: date | None) -> list[Rule]:
    """What starts after the round's date: planned, or a wrong year."""
    if today is None:
        return []
    broken = later_than("start_date", today.isoformat())
    return [Rule("starts-in-future", "start", broken, ("start_date",), "warning")]
