"""Rules on statements of C-CDA documents: what no statement can say and be true."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.ccda import TABLES
from tasks.cleaning.rules import (
    Rule,
    earlier,
    earlier_by_hours,
    impossible,
    later_than,
    missing,
    warn_of_deaths_without_date,
)

_OF_NOBODY = frozenset({"ccda.provider", "ccda.place"})
_UNDATED = _OF_NOBODY | {"ccda.patient", "ccda.other"}


def rules(table: str, today: date | None) -> list[Rule]:
    """The rules of a table of statements; those on the future need `today`."""
    found = reject_impossible_dates(table)
    if table not in _OF_NOBODY:
        found.append(Rule("missing-subject", "patientRole", missing("subject"), ("subject",)))
    if table not in _UNDATED:
        found.append(Rule("missing-start-date", "effectiveTime", missing("start_date"), ("start_date",)))
        found += warn_of_starts_in_future(today)
    if table == "ccda.patient":
        found += reject_impossible_lives(today)
    if "end_date" in TABLES[table].names:
        found += reject_ends_before_start(table)
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
        Rule("death-before-birth", "deceasedTime", earlier(*columns), columns),
        warn_of_deaths_without_date("deceasedInd"),
    ]
    if today is not None:
        born = later_than("birth_date", today.isoformat())
        found.append(Rule("birth-in-future", "birthTime", born, ("birth_date",)))
    return found


_ENDS = {
    "ccda.visit": "visit-ends-before-start",
    "ccda.condition": "condition-ends-before-start",
    "ccda.drug": "drug-ends-before-start",
}


def reject_ends_before_start(table: str) -> list[Rule]:
    """What ends before it starts. In the night in which clocks go back it may seem to, by an hour."""
    by_day = earlier("end_date", "start_date")
    by_time = earlier_by_hours("end_datetime", "start_datetime", 1)
    columns = ("end_date", "start_date", "end_datetime", "start_datetime")
    reason = _ENDS.get(table, "ends-before-start")
    return [Rule(reason, "effectiveTime", by_day | by_time.fill_null(False), columns)]


def warn_of_starts_in_future(today: date | None) -> list[Rule]:
    """What starts after the round's date: planned, or a wrong year."""
    if today is None:
        return []
    broken = later_than("start_date", today.isoformat())
    return [Rule("starts-in-future", "effectiveTime", broken, ("start_date",), "warning")]
