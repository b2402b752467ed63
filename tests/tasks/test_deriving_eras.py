"""Eras and observation periods are what a plain reading of the CDM's rules gives."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stores.lake import Lake
from tasks.deriving import VOCABULARY, derive_table
from tests.tasks.test_deriving import publish

DAY = timedelta(days=1)
Span = tuple[date, date]
ASPIRIN, CLOPIDOGREL, COMBINED, TABLET, PATCH, SYRUP = 1112807, 1322184, 777, 778, 779, 780


def _runs(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Spans in a row: at most 30 days between the latest end so far and the next start."""
    run: list[Span] = []
    for span in sorted(spans):
        if run and (span[0] - max(end for _, end in run)).days > 30:
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _uncovered(run: list[Span]) -> int:
    """Days from the first start to the last end that no span covers."""
    covered = {start + DAY * n for start, end in run for n in range((end - start).days + 1)}
    first, last = min(covered), max(covered)
    return (last - first).days + 1 - len(covered)


def _random_rows(chance: random.Random, count: int) -> list[tuple[int, int, date, date | None]]:
    """(person, concept, start, end) with ends that lack or lie long ahead."""
    rows = []
    for _ in range(count):
        start = date(2019, 1, 1) + DAY * chance.randint(0, 500)
        end = None if chance.random() < 0.3 else start + DAY * chance.choice([0, 1, 10, 29, 30, 31, 90])
        rows.append((chance.randint(1, 4), chance.choice([0, 201826, 320128]), start, end))
    return rows


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path, 2)


def _publish_conditions(lake: Lake, rows: Iterable[tuple[int, int, date, date | None]]) -> None:
    names = ("person_id", "condition_concept_id", "condition_start_date", "condition_end_date")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    more = [{"condition_occurrence_id": n, "condition_type_concept_id": 32817} for n in range(len(found))]
    publish(lake, "omop.condition_occurrence", [a | b for a, b in zip(found, more, strict=True)])


def _publish_drugs(lake: Lake, rows: Iterable[dict[str, Any]]) -> None:
    more = [{**row, "drug_exposure_id": n, "drug_type_concept_id": 32838} for n, row in enumerate(rows)]
    publish(lake, "omop.drug_exposure", more)


def _condition_eras(lake: Lake) -> Counter[tuple[Any, ...]]:
    derive_table(lake, "omop.condition_era", 1)
    found = lake.read("omop.condition_era").to_pylist()
    assert len({row["condition_era_id"] for row in found}) == len(found)
    names = ("person_id", "condition_concept_id", "condition_era_start_date", "condition_era_end_date")
    return Counter(tuple(row[n] for n in (*names, "condition_occurrence_count")) for row in found)


def test_condition_eras_are_a_plain_readings(lake: Lake) -> None:
    rows = _random_rows(random.Random(1), 120)
    _publish_conditions(lake, rows)
    grouped: dict[tuple[int, int], list[Span]] = defaultdict(list)
    for person, concept, start, end in rows:
        if concept:
            grouped[person, concept].append((start, end or start + DAY))
    expected = Counter(
        (*who, run[0][0], max(end for _, end in run), len(run))
        for who, spans in grouped.items()
        for run in _runs(spans)
    )
    assert any(row[-1] > 1 for row in expected)
    assert _condition_eras(lake) == expected


def test_drug_eras_are_a_plain_readings(lake: Lake) -> None:
    rows = [(p, c, s, e or s) for p, c, s, e in _random_rows(random.Random(2), 120)]
    names = ("person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_end_date")
    _publish_drugs(lake, [dict(zip(names, row, strict=True)) for row in rows])
    derive_table(lake, "omop.drug_era", 1)
    grouped: dict[tuple[int, int], list[Span]] = defaultdict(list)
    for person, concept, start, end in rows:
        if concept:
            grouped[person, concept].append((start, end))
    expected = Counter(
        (*who, run[0][0], max(end for _, end in run), len(run), _uncovered(run))
        for who, spans in grouped.items()
        for run in _runs(spans)
    )
    names = ("person_id", "drug_concept_id", "drug_era_start_date", "drug_era_end_date")
    found = lake.read("omop.drug_era").to_pylist()
    asked = (*names, "drug_exposure_count", "gap_days")
    assert Counter(tuple(row[n] for n in asked) for row in found) == expected
    assert any(row["gap_days"] for row in found)


class Drugs:
    """A vocabulary of two tablets, one of them with two ingredients, of a patch and a syrup."""

    digest = "two tablets"

    def relation(self, name: str, drugs: Iterable[int]) -> pa.Table:
        known = {COMBINED, TABLET, PATCH, SYRUP} & set(drugs)
        amounts = [(COMBINED, ASPIRIN, 100.0), (COMBINED, CLOPIDOGREL, 75.0), (TABLET, ASPIRIN, 50.0)]
        rows: list[dict[str, Any]]
        if name == "vocabulary.ingredient":
            rows = [{"drug_concept_id": d, "ingredient_concept_id": i} for d, i, _ in amounts if d in known]
        else:
            names = ("drug_concept_id", "ingredient_concept_id", "amount_value")
            rows = [dict(zip(names, r, strict=True)) | {"amount_unit_concept_id": 8576} for r in amounts]
            for drug, amount, unit in ((PATCH, 0.2, 8505), (SYRUP, 20.0, 8587)):  # an hour, a millilitre
                strength = {"numerator_value": amount, "numerator_unit_concept_id": 8576}
                parts = {"drug_concept_id": drug, "ingredient_concept_id": CLOPIDOGREL}
                rows.append(parts | strength | {"denominator_unit_concept_id": unit})
            rows = [row for row in rows if row["drug_concept_id"] in known]
        rows = [dict.fromkeys(VOCABULARY[name].names) | row for row in rows]
        return pa.Table.from_pylist(rows, schema=VOCABULARY[name])


def _exposure(drug: int, start: date, days: int, **more: Any) -> dict[str, Any]:
    return {
        "person_id": 1, "drug_concept_id": drug, "drug_exposure_start_date": start,
        "drug_exposure_end_date": start + DAY * (days - 1), "days_supply": days, "quantity": float(days), **more,
    }  # fmt: skip


def test_ingredients_and_doses_come_from_the_vocabulary(lake: Lake) -> None:
    new_year, february = date(2020, 1, 1), date(2020, 2, 1)
    exposures = [
        _exposure(COMBINED, new_year, 31),
        _exposure(TABLET, february, 10, quantity=20.0),  # two a day: the same dose of aspirin
        _exposure(TABLET, date(2020, 2, 20), 10),
        _exposure(TABLET, date(2021, 1, 1), 10, quantity=None),
        _exposure(999, new_year, 5),
        _exposure(PATCH, date(2022, 1, 1), 7, quantity=None, days_supply=None),
        _exposure(SYRUP, date(2022, 1, 1), 7),
    ]
    _publish_drugs(lake, exposures)
    derive_table(lake, "omop.drug_era", 1)
    assert {r["drug_concept_id"] for r in lake.read("omop.drug_era").to_pylist()} == {
        COMBINED, TABLET, PATCH, SYRUP, 999
    }  # fmt: skip
    assert derive_table(lake, "omop.dose_era", 1) is not None
    assert lake.rows("omop.dose_era") == 0, "no doses are known without a vocabulary"
    again = derive_table(lake, "omop.drug_era", 2, Drugs())
    assert again is not None and again.receipt.changed, "a vocabulary has come"
    derive_table(lake, "omop.dose_era", 2, Drugs())
    eras = {
        (r["drug_concept_id"], r["drug_era_start_date"]): (r["drug_exposure_count"], r["gap_days"])
        for r in lake.read("omop.drug_era").to_pylist()
    }
    assert eras == {
        (ASPIRIN, new_year): (3, 9),
        (ASPIRIN, date(2021, 1, 1)): (1, 0),
        (CLOPIDOGREL, new_year): (1, 0),
        (PATCH, date(2022, 1, 1)): (1, 0),
        (SYRUP, date(2022, 1, 1)): (1, 0),
        (999, new_year): (1, 0),
    }
    doses = {
        (r["drug_concept_id"], r["dose_value"], r["dose_era_start_date"], r["dose_era_end_date"])
        for r in lake.read("omop.dose_era").to_pylist()
    }
    assert doses == {
        (ASPIRIN, 100.0, new_year, date(2020, 2, 10)),
        (ASPIRIN, 50.0, date(2020, 2, 20), date(2020, 2, 29)),
        (CLOPIDOGREL, 75.0, new_year, date(2020, 1, 31)),
        (
            CLOPIDOGREL,
            4.8,
            date(2022, 1, 1),
            date(2022, 1, 7),
        ),  # released all day; of the syrup no dose is told
    }


def _periods(lake: Lake) -> set[tuple[Any, ...]]:
    derive_table(lake, "omop.observation_period", 1)
    names = (
        "observation_period_id",
        "person_id",
        "observation_period_start_date",
        "observation_period_end_date",
    )
    found = lake.read("omop.observation_period").to_pylist()
    return {tuple(row[n] for n in (*names, "period_type_concept_id")) for row in found}


def test_a_stated_period_wins_over_what_happened(lake: Lake) -> None:
    periods = [
        (11, 1, date(2020, 1, 1), date(2020, 6, 30)),
        (12, 1, date(2020, 6, 30), date(2020, 7, 31)),  # of another source, and overlapping
        (13, 1, date(2020, 8, 1), date(2020, 8, 2)),
    ]
    names = ("record_id", "person_id", "start_date", "end_date")
    rows = [dict(zip(names, p, strict=True)) | {"period_type_concept_id": 32813} for p in periods]
    publish(lake, "records.observation_period", rows)
    visit = {"visit_concept_id": 9202, "visit_type_concept_id": 32817}
    days = [(1, date(1999, 1, 1), date(1999, 1, 1)), (2, date(2020, 3, 3), date(2020, 3, 9))]
    visits = [
        {**visit, "visit_occurrence_id": n, "person_id": p, "visit_start_date": s, "visit_end_date": e}
        for n, (p, s, e) in enumerate(days)
    ]
    publish(lake, "omop.visit_occurrence", visits)
    drug = _exposure(0, date(2020, 3, 1), 365) | {"person_id": 2}
    _publish_drugs(lake, [drug, drug | {"person_id": 3}])
    assert _periods(lake) == {
        (11, 1, date(2020, 1, 1), date(2020, 7, 31), 32813),
        (13, 1, date(2020, 8, 1), date(2020, 8, 2), 32813),
        (2, 2, date(2020, 3, 1), date(2020, 3, 9), 32817),
        (3, 3, date(2020, 3, 1), date(2020, 3, 1), 32817),
    }


def _read_csv(shared: Path, table: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(shared / "data" / "omop-csv" / "Synthea27Nj_5.4.zip") as archive:
        text = io.TextIOWrapper(archive.open(f"{table}.csv"), encoding="utf-8-sig")
        return list(csv.DictReader(text))


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def test_condition_eras_are_those_of_an_omop_export(lake: Lake, shared: Path) -> None:
    """The export's own eras were made by OHDSI's script."""
    rows = [
        (
            int(r["person_id"]),
            int(r["condition_concept_id"]),
            _day(r["condition_start_date"]),
            _day(r["condition_end_date"]) if r["condition_end_date"] else None,
        )
        for r in _read_csv(shared, "CONDITION_OCCURRENCE")
    ]
    _publish_conditions(lake, rows)
    theirs = Counter(
        (
            int(r["person_id"]),
            int(r["condition_concept_id"]),
            _day(r["condition_era_start_date"]),
            _day(r["condition_era_end_date"]),
            int(r["condition_occurrence_count"]),
        )
        for r in _read_csv(shared, "CONDITION_ERA")
    )
    assert _condition_eras(lake) == theirs
    assert theirs.total() == 469


def test_observation_periods_are_those_of_an_omop_export(lake: Lake, shared: Path) -> None:
    """That export's periods span the visits of each person."""
    visits = [
        {
            "visit_occurrence_id": int(r["visit_occurrence_id"]),
            "person_id": int(r["person_id"]),
            "visit_concept_id": int(r["visit_concept_id"]),
            "visit_start_date": _day(r["visit_start_date"]),
            "visit_end_date": _day(r["visit_end_date"]),
            "visit_type_concept_id": int(r["visit_type_concept_id"]),
        }
        for r in _read_csv(shared, "VISIT_OCCURRENCE")
    ]
    publish(lake, "omop.visit_occurrence", visits)
    theirs = {
        (
            int(r["person_id"]),
            _day(r["observation_period_start_date"]),
            _day(r["observation_period_end_date"]),
        )
        for r in _read_csv(shared, "OBSERVATION_PERIOD")
    }
    assert {row[1:4] for row in _periods(lake)} == theirs
    assert len(theirs) == 28
