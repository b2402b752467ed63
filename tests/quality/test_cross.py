"""Checks between tables: each finds what is planted, and is left out where a table is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from contracts.errors import Fatal
from contracts.schemas import LAKE
from quality.cross import CheckResult, checks, run_checks
from quality.suites import OVERLAY_VARIABLE

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def _fill(connection: duckdb.DuckDBPyConnection, rows: Rows) -> set[str]:
    for name, found in rows.items():
        schema = LAKE[name].schema
        table = pa.table(
            [pa.array([r.get(f.name) for r in found], f.type) for f in schema], names=schema.names
        )
        part, _, short = name.partition(".")
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{part}"')
        connection.register("_rows", table)
        connection.execute(f'CREATE TABLE "{part}"."{short}" AS SELECT * FROM _rows')
    return set(rows)


def _ask(connection: duckdb.DuckDBPyConnection, rows: Rows) -> dict[str, CheckResult]:
    return {r.check: r for r in run_checks(connection, _fill(connection, rows))}


DIED = date(2020, 1, 10)
PEOPLE = [{"person_id": 1}, {"person_id": 2}]
PATIENTS = [{"record_id": n, "person_id": n, "birth_date": date(1980, 5, 5)} for n in (1, 2)]
CASES: dict[str, tuple[Rows, int, int]] = {
    "visits-begin-after-death": (
        {
            "omop.death": [{"person_id": 1, "death_date": DIED}],
            "omop.visit_occurrence": [
                {"person_id": 1, "visit_start_date": date(2020, 1, 10)},
                {"person_id": 1, "visit_start_date": date(2020, 1, 11)},
                {"person_id": 2, "visit_start_date": date(2021, 1, 11)},
            ],
        },
        1,
        2,
    ),
    "notes-begin-after-death": (
        {
            "omop.death": [{"person_id": 1, "death_date": DIED}],
            "omop.note": [{"person_id": 1, "note_date": date(2020, 1, d)} for d in (9, 10, 15)],
        },
        1,
        3,
    ),
    "visits-without-person": (
        {"omop.person": PEOPLE, "omop.visit_occurrence": [{"person_id": n} for n in (1, 2, 3, None)]},
        2,
        4,
    ),
    "conditions-without-visit": (
        {
            "omop.visit_occurrence": [{"visit_occurrence_id": 5}],
            "omop.condition_occurrence": [{"visit_occurrence_id": n} for n in (5, 6, None)],
        },
        2,
        3,
    ),
    "notes-without-visit": (
        {
            "omop.visit_occurrence": [{"visit_occurrence_id": 5}],
            "omop.note": [{"visit_occurrence_id": n} for n in (5, 6)],
        },
        1,
        2,
    ),
    "visits-before-birth": (
        {
            "records.patient": PATIENTS,
            "omop.visit_occurrence": [
                {"person_id": 1, "visit_start_date": d} for d in (date(1980, 5, 4), date(1980, 5, 5))
            ],
        },
        1,
        2,
    ),
    "conditions-before-birth": (
        {
            "records.patient": PATIENTS,
            "omop.condition_occurrence": [{"person_id": 2, "condition_start_date": date(1900, 1, 1)}],
        },
        1,
        1,
    ),
    "notes-before-birth": (
        {
            # the group of the oldest under safe_harbor: nobody's own year
            "records.patient": [
                {"record_id": 1, "person_id": 1, "birth_date": date(1930, 1, 1)},
                *PATIENTS[1:],
            ],
            "omop.note": [{"person_id": n, "note_date": date(1920, 1, 1)} for n in (1, 2)],
        },
        1,
        1,
    ),
    "images-before-birth": (
        {
            "records.patient": PATIENTS,
            "imaging.instance": [{"person_id": 1, "study_date": date(1979, 1, 1)}, {"person_id": 1}, {}],
        },
        1,
        2,
    ),
    "images-without-ehr-person": (
        {"omop.person": PEOPLE, "imaging.instance": [{"person_id": n} for n in (1, 3, None)]},
        2,
        3,
    ),
    "samples-without-ehr-person": (
        {"omop.person": PEOPLE, "genomics.sample": [{"person_id": n} for n in (1, None)]},
        1,
        2,
    ),
    "images-same-uid-other-content": (
        {
            "imaging.instance": [{"instance_id": n} for n in range(3)],
            "imaging.flag": [{"instance_id": n, "flag": "same-uid-other-content"} for n in range(2)],
        },
        2,
        3,
    ),
    "calls-of-other-length-than-samples": (
        {
            "genomics.sample": [{"file_id": 1, "sample_index": n} for n in range(2)],
            "genomics.call": [
                {"record_id": 1, "file_id": 1, "genotype": [[0, 1], [0, 0]]},
                {"record_id": 2, "file_id": 1, "genotype": [[0, 1]]},
                {"record_id": 3, "file_id": 1, "genotype": None},
                {"record_id": 4, "file_id": 9, "genotype": [[0]]},
            ],
        },
        2,
        4,
    ),
    "calls-without-variant": (
        {
            "genomics.variant": [{"record_id": 1}],
            "genomics.call": [{"record_id": 1}, {"record_id": 2}],
        },
        1,
        2,
    ),
}


def test_every_check_is_tried_here() -> None:
    assert {name for name in checks() if not name.startswith("duplicate-keys:")} == set(CASES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_planted_is_found(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    rows, failing, total = CASES[name]
    found = _ask(connection, rows)[name]
    assert (found.failing, found.total) == (failing, total)
    assert found.to_json().keys() == {"check", "severity", "failing", "total", "reason"}


@pytest.mark.parametrize("name", sorted(CASES))
def test_empty_tables_fail_nothing(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    found = _ask(connection, dict.fromkeys(CASES[name][0], ()))
    assert (found[name].failing, found[name].total) == (0, 0)


def test_a_check_is_left_out_without_its_tables(connection: duckdb.DuckDBPyConnection) -> None:
    found = _ask(connection, {"omop.note": []})
    assert set(found) == {"duplicate-keys:omop.note"}


def test_keys_that_stand_twice_are_found(connection: duckdb.DuckDBPyConnection) -> None:
    rows: Rows = {
        "omop.note": [{"note_id": n} for n in (1, 2, 2, 3)],
        "imaging.series": [
            {"series_id": 1, "person_id": None},
            {"series_id": 1, "person_id": 4},
            {"series_id": 2, "person_id": None},
            {"series_id": 2, "person_id": None},
        ],
    }
    found = _ask(connection, rows)
    assert (found["duplicate-keys:omop.note"].failing, found["duplicate-keys:omop.note"].total) == (2, 4)
    assert found["duplicate-keys:omop.note"].severity == "critical"
    assert found["duplicate-keys:imaging.series"].failing == 2


def test_every_table_of_the_registry_has_its_keys_checked() -> None:
    own = {n for n, t in LAKE.items() if any(c.startswith("_") for c in t.key)}
    checked = {n.partition(":")[2] for n in checks() if n.startswith("duplicate-keys:")}
    assert checked == set(LAKE) - own


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT 1", "lacks reason, severity, tables"),
        ("-- severity: dire\n-- tables: omop.note\n-- reason: x\nSELECT 1", "unknown severity"),
        ("-- severity: info\n-- tables: omop.notes\n-- reason: x\nSELECT 1", "omop.notes"),
        ("-- severity: info\n-- tables: omop.note\n-- reason: x\nSELECT 1", "one row"),
        ("-- severity: info\n-- tables: omop.note\n-- reason: x\nSELECT error('Larue605')", "cannot be run"),
    ],
)
def test_broken_checks_of_a_site_are_told(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sql: str,
    told: str,
) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "ours.sql").write_text(sql)
    monkeypatch.setenv(OVERLAY_VARIABLE, str(tmp_path))
    with pytest.raises(Fatal, match=told) as caught:
        run_checks(connection, _fill(connection, {"omop.note": []}))
    assert "Larue605" not in str(caught.value)
