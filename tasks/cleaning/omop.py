"""Rules on rows of an OMOP export: what no row can say and be true, and what is odd about its file.

What the rows of a table must hold, whatever format they come from, is its suite's to judge.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from contracts.privacy import Action
from contracts.schemas.omop_source import TABLES
from tasks.cleaning.rules import Rule, impossible, later_than, missing

_DATED = {Action.DATE.value.encode(), Action.DATETIME.value.encode()}


def rules(table: str, today: date | None) -> list[Rule]:
    """The rules of a table; those on the future need `today`."""
    found = [*warn_of_columns(), *reject_impossible_dates(table)]
    if table == "omop.note":
        found += reject_notes_without_text()
    if table == "omop.patient" and today is not None:
        found += reject_births_in_future(today)
    return found


def warn_of_columns() -> list[Rule]:
    """Rows of files with columns that the CDM has not, or without some that it has."""
    unknown, absent = (pl.col("layout").str.contains(f"{name}-column") for name in ("unknown", "absent"))
    return [
        Rule("unknown-column", "layout", unknown, ("layout",), "warning"),
        Rule("absent-column", "layout", absent, ("layout",), "warning"),
    ]


def reject_impossible_dates(table: str) -> list[Rule]:
    """Dates and times that no calendar has, in any column that holds one."""
    dated = [column.name for column in TABLES[table] if (column.metadata or {}).get(b"action") in _DATED]
    return [Rule("impossible-date", name, impossible(name), (name,)) for name in dated]


def reject_notes_without_text() -> list[Rule]:
    """A note whose text is empty or white space."""
    empty = missing("note_text") | ~pl.col("note_text").str.contains(r"\S")
    return [Rule("missing-text", "note_text", empty, ("note_text",))]


def reject_births_in_future(today: date) -> list[Rule]:
    """A birth later than the round's date."""
    broken = later_than("birth_date", today.isoformat())
    return [Rule("birth-in-future", "birth_date", broken, ("birth_date",))]
