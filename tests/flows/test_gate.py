"""The gate between nights: what is blocked, what is held, what goes on, and how a mended export is published."""

from __future__ import annotations

from pathlib import Path

from tests.flows.exports import condition, encounter, note, patient, write_records
from tests.flows.house import House

_VISITS = 25


def _write(folder: Path, *, bad: int = 0, later: int = 0) -> None:
    """One patient with visits, each with a diagnosis and a note. `bad` of them lie before any record can."""
    resources = [patient(1)]
    for number in range(_VISITS + later):
        day = "1700-01-01" if number < bad else f"2023-05-{number % 28 + 1:02}"
        name = f"visit-{number}"
        resources += [
            encounter(name, 1, day),
            condition(f"condition-{number}", 1, name),
            note(f"note-{number}", 1, name, f"Progress note number {number}: breathing well."),
        ]
    write_records(folder / "all.ndjson", resources)


def test_a_blocked_table_keeps_its_earlier_version_and_holds_up_nobody_else(house: House) -> None:
    ward, clinic = house.add("ward"), house.add("clinic")
    _write(ward)
    write_records(clinic / "all.ndjson", [patient(2), encounter("clinic-1", 2)])
    first = house.night()
    assert (first.state.name, first.exit_code) == ("Completed", 0)
    before = house.rows("omop.visit_occurrence").filter(_source="ward")
    notes, conditions = house.lake.version("omop.note"), house.lake.version("omop.condition_occurrence")

    _write(ward, bad=10, later=1)
    write_records(clinic / "more.ndjson", [encounter("clinic-2", 2)])
    blocked = house.night()
    assert blocked.state.name == "Completed with blocked tables"
    assert "ward omop.visit_occurrence blocked" in str(blocked.state.message)
    assert (blocked.state.is_completed(), blocked.exit_code) == (True, 3)
    assert blocked.tables("ward") == {
        "records.accession": "unchanged",
        "records.patient": "unchanged",
        "omop.visit_occurrence": "blocked",
        "omop.visit_detail": "held",
        "omop.condition_occurrence": "held",
        "omop.note": "held",
        "records.report": "held",
    }
    (table,) = [t for t in blocked.summary["sources"]["ward"]["tables"] if t["state"] == "blocked"]
    assert table["reasons"]["impossible-visit-start"] == 10
    assert blocked.tables("clinic")["omop.visit_occurrence"] == "published"
    visits = house.rows("omop.visit_occurrence")
    assert (
        visits.filter(_source="ward").sort("visit_occurrence_id").equals(before.sort("visit_occurrence_id"))
    )
    assert visits.filter(_source="clinic").height == 2
    assert (house.lake.version("omop.note"), house.lake.version("omop.condition_occurrence")) == (
        notes,
        conditions,
    )

    again = house.night()  # what is blocked is tried again every night, and changes nothing
    assert (again.state.name, again.exit_code) == ("Completed with blocked tables", 3)
    assert again.summary["changed"] is False

    _write(ward, later=1)
    mended = house.night()
    assert (mended.state.name, mended.exit_code) == ("Completed", 0)
    assert set(mended.tables("ward").values()) == {"published", "unchanged"}
    assert house.rows("omop.visit_occurrence").filter(_source="ward").height == _VISITS + 1
    assert house.rows("omop.note").height == _VISITS + 1
    quiet = house.versions()
    assert house.night().exit_code == 0
    assert house.versions() == quiet


def test_few_bad_rows_go_to_quarantine_and_the_rest_is_published(house: House) -> None:
    _write(house.add("ward"), bad=2)
    night = house.night()
    assert (night.state.name, night.exit_code) == ("Completed with quarantine", 3)
    assert night.fates("ward") == {"accepted": 1 + 3 * _VISITS - 2, "quarantined": 2}
    assert night.summary["sources"]["ward"]["account"]["reasons"] == {"impossible-visit-start": 2}
    assert house.rows("omop.visit_occurrence").height == _VISITS - 2
