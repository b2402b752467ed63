"""Hospital A's outpatient laboratory: a table of its own making, read by the mapping file that lies beside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from nightrounds.demo.care import Commission, Guest, Happened, Test, number
from nightrounds.demo.chart import Visit
from nightrounds.demo.ledger import Statements
from nightrounds.demo.people import HOSPITAL_A
from nightrounds.demo.tables import Tables

SOURCE = "laboratory"
GUESTS = (
    "maria-garcia", "denise-okafor", "marcus-washington", "tyrone-jackson", "brigid-oconnell", "sofia-papadopoulos",
    "anneliese-vandenberg",
)  # fmt: skip
MAPPING = """\
# How the outpatient laboratory's nightly table is read: one result a row, and the technician's remark as a note.
files = "results_*.csv"
dates = ["MM/DD/YYYY HH:mm"]
nulls = ["n/a"]
patient_number = "mrn"

[hide]
name = "patient"
phone = "callback"

[[event]]
kind = { constant = "Measurement" }
type = { constant = "lab" }
id = ["order", "test"]
start = "collected"
code = "loinc"
vocabulary = { constant = "LOINC" }
display = "test"
value = "result"
unit = "unit"
unit_code = "unit"
range_low = "low"
range_high = "high"
updated = "reported"

[[note]]
id = ["order", "test"]
date = "collected"
text = "remark"
title = "test"
updated = "reported"
"""


def export_laboratory(commission: Commission) -> tuple[tuple[Happened, ...], frozenset[str]]:
    """Write `night-N/laboratory` under the root; returns entries of the true timelines, and the orders' numbers."""
    found = commission.guests(HOSPITAL_A, GUESTS)
    for night in range(1, commission.nights + 1):
        tables = Tables(Statements(commission.ledger, night, SOURCE))
        name = f"results_night-{night}.csv"
        if night == 1:
            for guest in found:
                _add_results(tables, name, guest, commission.seed)
            _plant_dirt(tables, name, found, commission.seed)
        else:
            _correct(tables, name, found[1], commission.seed)
        tables.write(commission.folder(night, SOURCE))
    mapping = mapping_path(commission.root)
    mapping.write_text(MAPPING, encoding="utf-8")
    commission.ledger.count_file(1, SOURCE)
    happened = tuple(
        Happened(g.person.key, SOURCE, "laboratory", _taken(g), "Outpatient laboratory") for g in found
    )
    return happened, frozenset(_order(guest, commission.seed) for guest in found)


def mapping_path(root: Path) -> Path:
    """Where the mapping file lies: beside the first night's table."""
    return root / "night-1" / SOURCE / "laboratory.toml"


def _visit(guest: Guest) -> Visit:
    return guest.visits[min(1, len(guest.visits) - 1)]


def _taken(guest: Guest) -> datetime:
    """Blood is drawn in the half hour before the second visit."""
    return _visit(guest).start - timedelta(minutes=30)


def _order(guest: Guest, seed: int) -> str:
    return number(Random(f"{seed}:laboratory:{guest.person.key}"), "OL")


def _row(guest: Guest, seed: int, test: Test, value: str, days: int = 0) -> dict[str, object]:
    person, taken = guest.person, _taken(guest)
    return {
        "order": _order(guest, seed), "mrn": guest.registration.mrn,
        "patient": f"{guest.registration.family}, {person.given}", "callback": person.phone,
        "collected": f"{taken:%m/%d/%Y %H:%M}", "reported": f"{taken + timedelta(days=days, hours=3):%m/%d/%Y %H:%M}",
        "loinc": test.code, "test": test.name.split(" [")[0], "result": value, "unit": test.unit,
        "low": f"{test.low:g}", "high": f"{test.high:g}", "remark": "", "analyzer": "K7",
    }  # fmt: skip


def _add_results(tables: Tables, name: str, guest: Guest, seed: int) -> None:
    for place, (test, value) in enumerate(guest.results("practice")):
        row = _row(guest, seed, test, f"{value:g}")
        if place == 0 and guest.person.key in ("maria-garcia", "brigid-oconnell"):
            row["remark"] = (
                f"Told {guest.person.first} {guest.registration.family} by telephone, {guest.person.phone}."
            )
            tables.told.plant("phi_in_note:full_name", "accepted", name, person=guest.person.key)
            tables.told.note("note", "accepted")
        tables.add(name, row)


def _plant_dirt(tables: Tables, name: str, found: list[Guest], seed: int) -> None:
    """A day that no calendar has, a row that came twice, and one that no block of the mapping takes."""
    guest = found[2]
    test, value = guest.results("practice")[0]
    row = {**_row(guest, seed, test, f"{value:g}"), "order": f"{_order(guest, seed)}9"}
    record = tables.add(name, {**row, "collected": "02/30/2023 07:50"}, "quarantined")
    tables.told.plant("impossible_date", "quarantined", name, record=record, person=guest.person.key)
    record = tables.add(name, tables.rows[name][0], "merged")
    if tables.rows[name][0]["remark"]:
        tables.told.note("note", "merged")
    tables.told.plant("exact_duplicates", "merged", name, record=record, records="1")
    empty = {**row, "order": f"{_order(guest, seed)}8", "loinc": "", "test": "", "result": "n/a", "unit": ""}
    record = tables.add(name, {**empty, "low": "", "high": ""}, "ignored")
    tables.told.plant("row_of_no_block", "ignored", name, record=record, person=guest.person.key)


def _correct(tables: Tables, name: str, guest: Guest, seed: int) -> None:
    """Night 2: a result is reported anew, under the same order."""
    test, value = guest.results("practice")[0]
    tables.add(name, _row(guest, seed, test, f"{value + 0.4:g}", days=20))
    tables.told.plant("corrected_result", "accepted", name, person=guest.person.key)
