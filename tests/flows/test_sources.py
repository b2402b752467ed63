"""One source's or unit's trouble is its own: the others go on, and nothing of a patient is told."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from contracts.units import Unit
from tasks.processing import Processed, process_unit
from tasks.workroom import Job
from tests.flows.exports import encounter, patient, write_records
from tests.flows.harness import Server
from tests.flows.house import House

_SECRET = "Quillfeather-from-Elm-Street"


def test_a_source_that_cannot_be_listed_stops_no_other(house: House) -> None:
    ward, clinic = house.add("ward"), house.add("clinic")
    write_records(ward / "a.ndjson", [patient(1)])
    write_records(clinic / "a.ndjson", [patient(2)])
    shutil.rmtree(ward)
    night = house.night()
    assert night.exit_code == 1
    assert night.state.is_failed()
    assert night.summary["state"] == "failed"
    assert night.summary["sources"]["ward"]["problem"]
    assert str(ward) not in str(night.summary)
    assert night.fates("clinic") == {"accepted": 1}
    assert house.rows("records.patient").height == 1

    write_records(ward / "a.ndjson", [patient(1)])
    assert house.night().exit_code == 0
    assert house.rows("records.patient").height == 2


def test_one_units_failure_stops_no_other_and_tells_no_value(
    house: House, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A foreign library's exception quotes a value: its class is told, its text nowhere."""
    ward = house.add("ward")
    write_records(ward / "good.ndjson", [patient(1), encounter("v", 1)])
    write_records(ward / "large.ndjson", [patient(2), *(encounter(f"w{n}", 2) for n in range(20))])

    def fail(job: Job) -> Processed:
        if job.unit.size > 2_000:
            raise RuntimeError(f"cannot convert {_SECRET}")
        return process_unit(job)

    with monkeypatch.context() as patch:
        patch.setattr("flows.stages.processing.process_unit", fail)
        night = house.night()
    assert night.exit_code == 1
    assert night.state.is_failed()
    (failure,) = night.summary["sources"]["ward"]["failures"]
    assert failure["error"] == "RuntimeError"
    assert house.rows("omop.visit_occurrence").height == 1
    server.copy_database(tmp_path / "copy.db")
    for path in (tmp_path / "copy.db", *(p for p in house.home.path.rglob("*") if p.is_file())):
        assert _SECRET.encode() not in path.read_bytes(), path.name

    assert house.night().exit_code == 0
    assert house.rows("omop.visit_occurrence").height == 21


def test_a_source_whose_publication_breaks_is_told_and_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lake refuses one source's table: the round ends in an error, the others are published."""
    ward, clinic = house.add("ward"), house.add("clinic")
    write_records(clinic / "a.ndjson", [patient(1)])
    write_records(ward / "a.ndjson", [patient(2)])
    from stores.lake import Lake

    replace = Lake.replace

    def refuse(self: Lake, table: str, source: str, *rest: Any, **more: Any) -> Any:
        if source == "clinic":
            raise RuntimeError(f"no such file {_SECRET}")
        return replace(self, table, source, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "replace", refuse)
        night = house.night()
    assert night.exit_code == 1
    assert night.state.is_failed()
    assert "RuntimeError" in night.summary["sources"]["clinic"]["problem"]
    assert _SECRET not in str(night.summary)
    assert house.rows("records.patient")["_source"].to_list() == ["ward"]
    assert house.releases.current() is None, "readers see a whole night or none"

    assert house.night().exit_code == 0
    assert sorted(house.rows("records.patient")["_source"].to_list()) == ["clinic", "ward"]
    assert house.releases.current() is not None


def test_a_units_token_says_nothing_of_its_file(house: House) -> None:
    ward = house.add("ward")
    write_records(ward / f"{_SECRET}.ndjson", [patient(1)])
    house.night()
    (unit,) = house.catalog.units("ward")
    assert Unit(unit, "ward", "fhir").token not in _SECRET
    with sqlite3.connect(house.home.catalog) as connection:
        assert _SECRET not in "".join(connection.iterdump())
