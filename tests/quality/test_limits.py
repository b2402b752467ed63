"""Values that no living human has are held back, row by row; those of the sickest pass."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from quality.gate import judge_rows, judge_rows_by_group
from quality.limits import LIMITED, impossible_rows
from quality.suites import digest
from tests.quality.rows import GOOD, TODAY, make_rows

FILE = Path(__file__).parents[2] / "quality" / "limits.csv"


def _measured(
    code: str, value: float | None, unit: str | None = None, concept: int | None = None
) -> dict[str, Any]:
    return {
        "measurement_source_value": code,
        "value_as_number": value,
        "unit_source_value": unit,
        "unit_concept_id": concept,
        "source_vocabulary": "LOINC",
    }


IMPOSSIBLE = [
    _measured("8302-2", -40.0, "cm", 8582),
    _measured("8302-2", 1680.0, "cm", 8582),
    _measured("8310-5", 9999.0, "Cel", 586323),
    _measured("8310-5", 98.6, "Cel", 586323),  # degrees Fahrenheit under the wrong unit
    _measured("29463-7", 0.0, "kg", 9529),
    _measured("8867-4", -1.0, "bpm", 8541),  # by the unit's concept
    _measured("59408-5", 101.0, "%", 8554),
    _measured("9269-2", 2.0, "{score}"),
    _measured("2951-2", 5.0, "mmol/L"),  # by the unit as it is written
]
POSSIBLE = [
    _measured("8302-2", 272.0, "cm", 8582),
    _measured("8310-5", 13.7, "Cel", 586323),
    _measured("8310-5", 98.6, "[degF]", 9289),
    _measured("29463-7", 0.21, "kg", 9529),
    _measured("29463-7", 635.0, "kg", 9529),
    _measured("8480-6", 0.0, "mm[Hg]", 8876),  # a heart that stands still
    _measured("8310-5", 310.0, "K"),  # another unit says nothing
    _measured("8302-2", -40.0),
    _measured("8302-2", None, "cm", 8582),
    {**_measured("8302-2", -40.0, "cm", 8582), "source_vocabulary": "local"},
    _measured("11555-0", -12.0, "mmol/L", 8753),  # a base excess may be below nothing
]


def test_rows_are_judged_one_by_one() -> None:
    rows = make_rows("omop.measurement", *IMPOSSIBLE, *POSSIBLE)
    assert impossible_rows("omop.measurement", rows) == list(range(len(IMPOSSIBLE)))
    verdict = judge_rows("omop.measurement", rows, today=TODAY)
    assert verdict.rejected == [(n, "impossible-value") for n in range(len(IMPOSSIBLE))]
    assert verdict.to_json()["reasons"] == {"impossible-value": len(IMPOSSIBLE)}


def test_values_that_are_observations_have_the_same_limits() -> None:
    stated = {k.replace("measurement_", "observation_"): v for k, v in IMPOSSIBLE[0].items()}
    rows = make_rows("omop.observation", stated, {**stated, "value_as_number": 168.0})
    assert impossible_rows("omop.observation", rows) == [0]


def test_the_limits_hold_what_the_check_over_the_lake_calls_plausible() -> None:
    """What is impossible is improbable too: no limit is narrower than the range of living people that was seen."""
    text = (FILE.parent / "checks" / "measurements-implausible.sql").read_text()
    ranges = {}
    for line in text.splitlines():
        cells = line.strip().removeprefix("(").partition(")")[0].split(", ")
        if len(cells) == 4 and cells[0].startswith("'") and "-" in cells[0]:
            ranges[cells[0].strip("'"), cells[1].strip("'")] = float(cells[2]), float(cells[3])
    assert len(ranges) > 30
    compared = 0
    for row in _rows():
        seen = ranges.get((row["code"], row["unit"]))
        if seen and row["code"] not in ("8302-2", "29463-7"):  # whose ranges begin at 0 there
            compared += 1
            assert float(row["low"]) <= seen[0] and float(row["high"]) >= seen[1], row["code"]
    assert compared > 25


def _rows() -> list[dict[str, str]]:
    lines = (line for line in FILE.read_text().splitlines() if not line.startswith("#"))
    return list(csv.DictReader(lines))


def test_every_limit_has_its_reason_and_the_concept_of_its_unit() -> None:
    from tasks.units import unit_concepts

    for row in _rows():
        assert row["reason"] and float(row["low"]) < float(row["high"])
        assert row["unit_concept_id"] == str(unit_concepts().get(row["unit"], "")), row["unit"]


@pytest.mark.parametrize("table", LIMITED)
def test_the_limits_are_part_of_the_suite(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import quality.suites as suites

    before = digest(table)
    suites._load.cache_clear()
    monkeypatch.setattr(suites, "limits_text", lambda _: "other limits")
    assert digest(table) != before
    monkeypatch.undo()
    suites._load.cache_clear()
    assert digest(table) == before
    assert GOOD[table]


def test_rows_of_many_units_are_held_to_the_limits_like_those_of_one() -> None:
    """What is judged in bundles is judged by the same rules; the indexes are those within a group."""
    cases = [*POSSIBLE[:3], *IMPOSSIBLE[:4], *POSSIBLE[3:]]
    groups = [n % 3 for n in range(len(cases))]
    together = judge_rows_by_group(
        "omop.measurement", make_rows("omop.measurement", *cases), groups, today=TODAY
    )
    for group, verdict in together.items():
        alone = [case for case, other in zip(cases, groups, strict=True) if other == group]
        assert verdict == judge_rows("omop.measurement", make_rows("omop.measurement", *alone), today=TODAY)
    assert sum(len(verdict.rejected) for verdict in together.values()) == 4
