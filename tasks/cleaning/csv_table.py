"""Rules on records of a site's CSV: what none can say and be true. How cells are read, the connector has judged."""

from __future__ import annotations

from datetime import date

import polars as pl

from tasks.cleaning.rules import Rule, earlier, earlier_by_hours, later_than


def rules(table: str, today: date | None) -> list[Rule]:
    """The rules of a table of records; those on the future need `today`."""
    columns = ("unnamed_columns",)
    found = [Rule("unnamed-column", *columns, pl.col(*columns) > 0, columns, "warning")]
    match table:
        case "csv.patient":
            found += reject_impossible_lives(today)
        case "csv.visit":
            found += [*reject_ends_before_start("visit-ends-before-start"), *warn_of_starts_in_future(today)]
        case "csv.event":
            found += [*reject_ends_before_start("ends-before-start"), *warn_of_starts_in_future(today)]
    return found


def reject_impossible_lives(today: date | None) -> list[Rule]:
    """A birth later than the round's date, a death earlier than the birth."""
    columns = ("death_date", "birth_date")
    found = [Rule("death-before-birth", "death_date", earlier(*columns), columns)]
    if today is not None:
        born = later_than("birth_date", today.isoformat())
        found.append(Rule("birth-in-future", "birth_date", born, ("birth_date",)))
    return found


def reject_ends_before_start(reason: str) -> list[Rule]:
    """A record that ends before it starts. In the night in which clocks go back it may seem to, by an hour."""
    by_day = earlier("end_date", "start_date")
    by_time = earlier_by_hours("end_datetime", "start_datetime", 1)
    columns = ("end_date", "start_date", "end_datetime", "start_datetime")
    return [Rule(reason, "end", by_day | by_time.fill_null(False), columns)]


def warn_of_starts_in_future(today: date | None) -> list[Rule]:
    """A record that starts after the round's date: planned, or a wrong year."""
    if today is None:
        return []
    broken = later_than("start_date", today.isoformat())
    return [Rule("starts-in-future", "start", broken, ("start_date",), "warning")]
