"""Checks between tables: each finds what is planted, and is left out where a table is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from contracts.errors import Fatal
from contracts.schemas import LAKE
from quality.cross import Check, CheckResult, _run, checks, run_checks
from quality.suites import OVERLAY_VARIABLE
from tests.conftest import ROOT

CHECKS = ROOT / "quality" / "checks"
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


def _born(table: str, day: str) -> tuple[Rows, int, int]:
    """Person 3 is of the group of the oldest under safe_harbor: nobody's own year."""
    old = {"record_id": 3, "person_id": 3, "birth_date": date(1930, 1, 1)}
    days = [
        (1, date(1980, 5, 4)),
        (1, date(1980, 5, 5)),
        (2, date(1900, 1, 1)),
        (3, date(1920, 1, 1)),
        (4, DIED),
    ]
    rows = [{"person_id": n, day: when} for n, when in days]
    return {"records.patient": [*PATIENTS, old], table: rows}, 2, 3


def _died(table: str, day: str, more_days: int) -> tuple[Rows, int, int]:
    last = DIED + timedelta(days=more_days)
    days = [(1, last), (1, last + timedelta(days=1)), (2, last + timedelta(days=1))]
    rows = [{"person_id": n, day: when} for n, when in days]
    return {"omop.death": [{"person_id": 1, "death_date": DIED}], table: rows}, 1, 2


def _visited(table: str, *, named: bool) -> tuple[Rows, int, int]:
    visits = [{"visit_occurrence_id": 5, "person_id": 1}]
    rows = [{"visit_occurrence_id": v, "person_id": p} for v, p in ((5, 1), (5, 2), (6, 1), (None, 1))]
    return {"omop.visit_occurrence": visits, table: rows}, 2, 3 if named else 4


def _by_providers(table: str) -> tuple[Rows, int, int]:
    rows = [{"provider_id": n} for n in (7, 8, None)]
    return {"omop.provider": [{"provider_id": 7}], table: rows}, 1, 2


def _of_persons(table: str) -> tuple[Rows, int, int]:
    return {"omop.person": PEOPLE, table: [{"person_id": n} for n in (1, 2, 3, None)]}, 2, 4


def _observed(table: str, day: str) -> tuple[Rows, int, int]:
    periods = [
        {"person_id": 1, "observation_period_start_date": s, "observation_period_end_date": e}
        for s, e in ((date(2019, 1, 1), date(2019, 12, 31)), (date(2021, 1, 1), date(2021, 1, 1)))
    ]
    days = [(1, date(2019, 1, 1)), (1, date(2020, 6, 1)), (1, date(2021, 1, 1)), (2, date(2019, 1, 1))]
    rows = [{"person_id": n, day: when} for n, when in days]
    return {"omop.observation_period": periods, table: rows}, 2, 4


def _valued(table: str) -> tuple[Rows, int, int]:
    units = [("mg/dL", 0), (None, 8840), (None, 0), ("", None)]
    rows = [{"value_as_number": 1.0, "unit_source_value": u, "unit_concept_id": c} for u, c in units]
    return {table: [*rows, {"value_as_number": None}]}, 2, 4


def _of_a_sex(table: str, event: str) -> tuple[Rows, int, int]:
    """200051 is a disease of the ovary and 200962 one of the prostate, as a condition or a procedure."""
    sexes = [{"person_id": 1, "gender_concept_id": 8507}, {"person_id": 2, "gender_concept_id": 8532}]
    concepts = [(1, 200051), (1, 200962), (2, 200051), (2, 200962), (2, 0), (3, 200051)]
    return (
        {"omop.person": sexes, table: [{"person_id": p, f"{event}_concept_id": c} for p, c in concepts]},
        2,
        5,
    )


TEMPLATES: dict[str, Callable[[str, str, str], tuple[Rows, int, int]]] = {
    "before-birth": lambda table, day, _: _born(table, day),
    "begin-after-death": lambda table, day, _: _died(table, day, 0),
    "begin-long-after-death": lambda table, day, _: _died(table, day, 60),
    "without-visit": lambda table, *_: _visited(table, named=False),
    "of-unknown-visit": lambda table, *_: _visited(table, named=True),
    "of-unknown-provider": lambda table, *_: _by_providers(table),
    "without-person": lambda table, *_: _of_persons(table),
    "outside-observation-period": lambda table, day, _: _observed(table, day),
    "value-without-unit": lambda table, *_: _valued(table),
    "of-the-other-sex": lambda table, _, event: _of_a_sex(table, event),
}  # fmt: skip
_CALLED = {"hom_ref": 1, "het": 1, "hom_alt": 0, "haploid_ref": 0, "haploid_alt": 0, "missing": 1}
_COUNTED = {
    **_CALLED,
    "call_rate": 0.6,
    "allele_number": 4,
    "allele_counts": [1],
    "allele_frequencies": [0.25],
}
_CHANGES = {"transitions": 2, "transversions": 1, "insertions": 0, "deletions": 0, "others": 0}
_WRONG_VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"hardy_weinberg_p": 1.0},
    {"missing": 2},
    {"allele_counts": [1, 1]},
    {"allele_counts": [5]},
    {"allele_frequencies": [1.5]},
    {"call_rate": -0.1},
    {"hardy_weinberg_p": 1.1},
    {"het": -1, "hom_alt": 2},
    {},  # of no variant
)
_WRONG_SAMPLES: tuple[dict[str, Any], ...] = (
    {},
    {"call_rate": 1.5},
    {"missing": 0},
    {"insertions": -1},
    {"mean_depth": -3.0},
    {},
)
CASES: dict[str, tuple[Rows, int, int]] = {
    "impossible-variant-quality": (
        {
            "genomics.file": [{"file_id": 1, "number_of_samples": 3}],
            "genomics.variant": [{"record_id": n, "allele_ids": [5]} for n in range(9)],
            "genomics.variant_quality": [
                {"record_id": n, "file_id": 1, **_COUNTED, **wrong} for n, wrong in enumerate(_WRONG_VARIANTS)
            ],
        },
        8,
        10,
    ),
    "impossible-sample-quality": (
        {
            "genomics.sample": [{"file_id": 1, "sample_index": n, "sample_id": n} for n in range(5)],
            "genomics.sample_quality": [
                {"file_id": 1, "sample_index": n, "sample_id": n, **_CALLED, **_CHANGES, **wrong}
                for n, wrong in enumerate(_WRONG_SAMPLES)
            ],
        },
        5,
        6,
    ),
    "impossible-file-quality": (
        {
            "genomics.file": [{"file_id": n, "number_of_records": 9} for n in range(4)],
            "genomics.file_quality": [
                {"file_id": n, "variants": 9, "multiallelic": 1, **_CHANGES, **wrong}
                for n, wrong in enumerate(({}, {"variants": 10}, {"multiallelic": 10}, {"others": -1}, {}))
            ],
        },
        4,
        5,
    ),
    "impossible-consequence": (
        {
            "genomics.variant": [{"record_id": 1, "variant_id": 5, "alternates": ["G", "T"]}],
            "genomics.consequence": [
                {"record_id": record, "variant_id": variant, "consequence_index": 0, "allele_index": allele}
                for record, variant, allele in (
                    (1, 5, None),
                    (1, 5, 2),
                    (1, 5, 3),
                    (1, 6, 1),
                    (2, 5, 1),
                    (1, 5, 0),
                )
            ],
        },
        4,
        6,
    ),
    "consequences-odd": (
        {
            "genomics.consequence": [
                {"annotated_by": "CSQ", "consequences": ["stop_gained"], **wrong}
                for wrong in (
                    {},
                    {"impact": "HIGH", "frequency": 0.1, "allele": "G", "allele_index": 1},
                    {"impact": "ENSG1"},
                    {"frequency": 3.0},
                    {"consequences": None},
                    {"allele": "G"},
                    {"annotated_by": "LOF", "consequences": None},
                )
            ]
        },
        4,
        7,
    ),
    "blocks-of-other-length-than-samples": (
        {
            "genomics.sample": [{"file_id": 1, "sample_index": n} for n in range(2)],
            "genomics.reference_block": [
                {"record_id": 1, "file_id": 1, "genotype": [[0, 0], [0, 0]]},
                {"record_id": 2, "file_id": 1, "genotype": [[0, 0]]},
                {"record_id": 3, "file_id": 1, "genotype": None},
            ],
        },
        1,
        3,
    ),
    "blocks-of-other-assembly-than-the-files": (
        {
            "genomics.file": [{"file_id": 1, "assembly": "GRCh38"}],
            "genomics.reference_block": [
                {"record_id": n, "file_id": 1, "assembly": one}
                for n, one in enumerate(("GRCh38", "GRCh37", None))
            ],
        },
        2,
        3,
    ),
    "samples-with-implausible-ti-tv": (
        {
            "genomics.sample_quality": [
                {"transitions": ti, "transversions": tv}
                for ti, tv in ((700, 340), (300, 900), (5000, 100), (900, 300), (9, 90))
            ]
        },
        2,
        4,
    ),
    "samples-hardly-called": (
        {
            "genomics.sample_quality": [
                {"file_id": file, "call_rate": rate, **_CALLED, "hom_ref": records}
                for file, rate, records in (
                    (1, 0.9, 99),
                    (1, 0.95, 99),
                    (1, 0.2, 99),
                    (2, 0.1, 99),
                    (3, 0.1, 3),
                )
            ]
        },
        1,
        4,
    ),
    "measurements-without-value": (
        {
            "omop.measurement": [
                {},
                {"value_source_value": "", "value_as_concept_id": 0},
                {"value_as_number": 1.0},
                {"value_source_value": "positive"},
                {"value_as_concept_id": 45884084},
            ]
        },
        2,
        5,
    ),
    "measurements-implausible": (
        {
            "omop.measurement": [
                {"measurement_source_value": code, "value_as_number": value, "unit_source_value": unit}
                for code, value, unit in (
                    ("8310-5", 37.0, "Cel"),
                    ("8310-5", 98.6, "Cel"),
                    ("8310-5", 98.6, "[degF]"),
                    ("8867-4", 351.0, "{beats}/min"),
                    ("8480-6", 120.0, "mmHg"),
                    ("8480-6", None, "mmHg"),
                    ("local", 1e9, "mmHg"),
                )
            ]
        },
        2,
        4,
    ),
    "images-without-ehr-person": (
        {"omop.person": PEOPLE, "imaging.instance": [{"person_id": n} for n in (1, 3, None)]},
        2,
        3,
    ),
    "accessions-of-several-persons": (
        {
            "imaging.instance": [{"accession_id": n, "person_id": 1} for n in (5, 5, 6, 7)],
            "records.accession": [
                {"person_id": person, "certain": certain, "accession_ids": numbers}
                for person, certain, numbers in (
                    (1, True, [5]),
                    (2, True, [6]),
                    (2, False, [5]),
                    (2, True, [8]),
                    (3, True, [8]),
                )
            ],
        },
        1,
        2,
    ),
    "reports-without-images": (
        {
            "imaging.instance": [{"accession_id": 5, "accession_normal_id": 6}, {}],
            "records.accession": [
                {
                    "record_id": n,
                    "kind": kind,
                    "certain": certain,
                    "accession_ids": [number],
                    "accession_normal_ids": [normal],
                }
                for n, (kind, certain, number, normal) in enumerate(
                    [
                        ("report", True, 5, 5),
                        ("report", True, 7, 6),
                        ("report", True, 8, 8),
                        ("order", True, 9, 9),
                        ("report", False, 9, 9),
                    ]
                )
            ],
        },
        1,
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
    "assembly-other-than-the-files": (
        {
            "genomics.file": [{"file_id": 1, "assembly": "GRCh38"}, {"file_id": 2, "assembly": None}],
            "genomics.variant": [
                {"record_id": 1, "file_id": 1, "assembly": "GRCh38"},
                {"record_id": 2, "file_id": 1, "assembly": "GRCh37"},
                {"record_id": 3, "file_id": 1, "assembly": None},
                {"record_id": 4, "file_id": 2, "assembly": None},
            ],
        },
        2,
        4,
    ),
    "alleles-of-several-assemblies": (
        {
            "genomics.variant": [
                {"record_id": 1, "variant_id": 5, "assembly": "GRCh38"},
                {"record_id": 2, "variant_id": 5, "assembly": None},
                {"record_id": 3, "variant_id": 6, "assembly": "GRCh37"},
                {"record_id": 4, "variant_id": 6, "assembly": "GRCh37"},
            ],
        },
        1,
        2,
    ),
    "files-of-another-assembly": (
        {
            "genomics.file": [
                {"file_id": n, "assembly": assembly, "number_of_records": records}
                for n, (assembly, records) in enumerate(
                    [("GRCh38", 2), ("GRCh38", 1), ("GRCh37", 9), (None, 3), ("GRCh37", 0), (None, 0)]
                )
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


def _templates() -> Iterator[tuple[str, tuple[Rows, int, int]]]:
    """A case for each table that a template is for."""
    for path in sorted(CHECKS.glob("*.sql")):
        for subjects in re.findall(r"(?m)^-- each: *(.+?) *$", path.read_text()):
            for subject in subjects.split():
                table, _, event = subject.partition("=")
                yield f"{event}s-{path.stem}", TEMPLATES[path.stem](table, LAKE[table].date, event)


CASES |= dict(_templates())


def test_every_check_is_tried_here() -> None:
    assert {name for name in checks() if not name.startswith("duplicate-keys:")} == set(CASES)


@pytest.fixture(scope="module")
def asked() -> dict[str, Check]:
    return checks()


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_planted_is_found(
    connection: duckdb.DuckDBPyConnection, asked: dict[str, Check], name: str
) -> None:
    rows, failing, total = CASES[name]
    assert _fill(connection, rows) == set(asked[name].tables)
    found = _run(connection, asked[name])
    assert (found.failing, found.total) == (failing, total)
    assert found.to_json().keys() == {"check", "severity", "failing", "total", "reason"}


def test_empty_tables_fail_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    found = _ask(connection, dict.fromkeys(LAKE, ()))
    assert set(found) >= set(CASES)
    assert {(r.failing, r.total) for r in found.values()} == {(0, 0)}


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
        (
            "-- severity: info\n-- each: omop.notes=note\n-- tables: {table}\n-- reason: x\nSELECT 1",
            "no table",
        ),
        ("-- severity: info\n-- each: omop.cost=cost\n-- tables: {table}\n-- reason: x\n{date}", "{date}"),
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


def test_a_site_replaces_a_template_for_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = checks()
    (tmp_path / "checks").mkdir()
    text = "-- severity: info\n-- tables: omop.note\n-- reason: ours\nSELECT 0 AS failing, 0 AS total"
    (tmp_path / "checks" / "notes-before-birth.sql").write_text(text)
    monkeypatch.setenv(OVERLAY_VARIABLE, str(tmp_path))
    found = checks()
    assert found.keys() == ours.keys()
    assert found["notes-before-birth"].reason == "ours"
    assert found["visits-before-birth"] == ours["visits-before-birth"]
