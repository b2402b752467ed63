"""Coverage: every row of every event table is in `records.code` once, under its code and concept."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.schemas import table_named
from stores.lake import Lake
from tasks.coverage import (
    coverage_rows,
    coverage_sentence,
    mapping_coverage,
    percent,
    sum_coverage,
    unmapped_codes,
)
from tasks.deriving import derive_table
from tests.tasks.test_deriving import publish


def condition(
    number: int, person: int, code: str | None, concept: int, words: str | None = None
) -> dict[str, Any]:
    return {
        "condition_occurrence_id": number, "person_id": person, "condition_concept_id": concept,
        "condition_start_date": date(2024, 1, 1), "condition_type_concept_id": 32817, "condition_source_value": code,
        "source_vocabulary": "SNOMED", "source_display": words,
    }  # fmt: skip


def measurement(number: int, person: int, code: str, vocabulary: str | None = None) -> dict[str, Any]:
    return {
        "measurement_id": number, "person_id": person, "measurement_concept_id": 0, "source_vocabulary": vocabulary,
        "measurement_date": date(2024, 1, 1), "measurement_type_concept_id": 32817, "measurement_source_value": code,
    }  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "lake", 2)
    conditions = [
        condition(1, 1, "111", 5, "rare words"), condition(2, 1, "111", 5, "usual words"),
        condition(3, 2, "111", 5, "usual words"), condition(4, 2, "111", 6, None),  # a code with two concepts
        condition(5, 2, "222", 0, "unmapped"), condition(6, 2, None, 0),
    ]  # fmt: skip
    publish(made, "omop.condition_occurrence", conditions)
    publish(made, "omop.measurement", [measurement(n, n, "222", "SNOMED") for n in (1, 2)])
    publish(made, "omop.measurement", [measurement(9, 1, "GLU")], source="other")
    assert derive_table(made, "records.code", 1) is not None
    return made


def test_every_code_with_its_concepts_and_counts(lake: Lake) -> None:
    rows = lake.read("records.code").select(table_named("records.code").schema.names).to_pylist()
    found = {tuple(row.values()) for row in rows}
    assert found == {
        ("omop.condition_occurrence", "SNOMED", "111", "usual words", 5, 3, 2),
        ("omop.condition_occurrence", "SNOMED", "111", "usual words", 6, 1, 1),
        ("omop.condition_occurrence", "SNOMED", "222", "unmapped", 0, 1, 1),
        ("omop.condition_occurrence", "SNOMED", "", None, 0, 1, 1),
        ("omop.measurement", "SNOMED", "222", None, 0, 2, 2),
        ("omop.measurement", "", "GLU", None, 0, 1, 1),
    }
    assert len(rows) == len(found)


def test_coverage_by_records_and_by_volume(lake: Lake) -> None:
    rows = mapping_coverage(lake)
    assert [tuple(row.values()) for row in rows] == [
        ("omop.condition_occurrence", "SNOMED", 2, 1, 6, 4),
        ("omop.measurement", "", 1, 0, 1, 0),
        ("omop.measurement", "SNOMED", 1, 0, 2, 0),
    ]
    whole = sum_coverage(rows)
    assert (whole["by_records"], whole["by_volume"]) == (0.25, round(4 / 9, 4))
    assert mapping_coverage(lake, {"records.code": lake.versions()["records.code"]}) == rows
    assert coverage_rows({**whole, "tables": rows})[1]["vocabulary"] == "none named"
    assert (
        coverage_sentence(whole)
        == "25.0 % of the source codes and 44.4 % of the rows have a standard concept."
    )


def test_the_worklist_is_by_frequency_over_all_tables(lake: Lake) -> None:
    found = unmapped_codes(lake)
    assert [(one.vocabulary, one.code, one.display, one.rows, one.persons) for one in found] == [
        ("SNOMED", "222", "unmapped", 3, 2),
        ("", "GLU", "", 1, 1),
    ]
    assert found[0].tables == ("omop.condition_occurrence", "omop.measurement")


def test_a_lake_without_events_has_no_coverage(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", 2)
    assert mapping_coverage(lake) == mapping_coverage(lake, {}) == []
    assert unmapped_codes(lake) == []
    assert sum_coverage([])["by_records"] is None
    assert coverage_rows({"tables": []}) == []


def test_a_share_is_whole_only_where_all_is_there() -> None:
    assert percent(0, 0) == "-"
    assert [percent(n, 100_000) for n in (0, 1, 50_000, 99_999, 100_000)] == [
        "0.0 %", "0.1 %", "50.0 %", "99.9 %", "100.0 %"
    ]  # fmt: skip
