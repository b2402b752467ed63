"""The crosswalk: which number of one system is which of another, as a master patient index exports it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from nightrounds.demo.ledger import Ledger
from nightrounds.demo.people import LAB, RADIOLOGY, TruePerson

SOURCE = "crosswalk"
COLUMNS = ("authority_a", "identifier_a", "authority_b", "identifier_b", "action")
Row = tuple[str, str, str, str, str]


def export_crosswalk(root: Path, people: tuple[TruePerson, ...], nights: int, ledger: Ledger) -> None:
    """Write `night-N/crosswalk.csv`; each night's file is whole, night 2 has the late link besides."""
    for night in range(1, nights + 1):
        rows = crosswalk_rows(people, night)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([COLUMNS, *rows])
        path = root / f"night-{night}" / "crosswalk.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.getvalue().encode())
        ledger.count_file(night, SOURCE)
        ledger.count(night, SOURCE, "accepted", "row", len(rows))
    twins = [p for p in people if p.is_a("twin")]
    ledger.plant(
        "mistaken_link_undone",
        1,
        SOURCE,
        "accepted",
        "crosswalk.csv",
        person=twins[0].key,
        other=twins[1].key,
    )


def crosswalk_rows(people: tuple[TruePerson, ...], night: int) -> list[Row]:
    """The rows of a night's file, oldest first; a later row overrules an earlier one."""
    rows: list[Row] = []
    twins = [p for p in people if p.is_a("twin")]
    mistaken = (twins[0].home.authority, twins[0].home.mrn, LAB, twins[1].sample)
    rows += [(*mistaken, "link"), (*mistaken, "unlink")]
    late: list[Row] = []
    for number, person in enumerate(people):
        home = (person.home.authority, person.home.mrn)
        for other in person.registrations[1:]:
            rows.append((*home, other.authority, other.mrn, "link"))
        if person.imaging_id:
            (late if person.is_a("late_link") else rows).append((*home, RADIOLOGY, person.imaging_id, "link"))
        if person.sample:
            # the laboratory of a few patients knows only the imaging department's number
            through = person.imaging_id and number % 5 == 3
            known = (RADIOLOGY, person.imaging_id) if through else home
            rows.append((*known, LAB, person.sample, "link"))
    return rows + (late if night > 1 else [])
