"""The gate's shortcut gives what Great Expectations' own validation of a whole suite gives, for every suite."""

from __future__ import annotations

import random
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from quality.frames import divide, make_frame
from quality.gate import _bounds, _build, judge_rows
from quality.limits import REASON, impossible_rows
from quality.suites import Expectation, suite
from tests.quality.rows import GOOD, LARGE, TODAY, make_rows

ROWS = 120


@pytest.fixture(scope="module")
def batch_definition() -> Any:
    """Great Expectations as its users have it: a context, a data source, an asset, a batch definition."""
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("peer").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("whole")


def _odd_values(kind: pa.DataType) -> list[Any]:
    if pa.types.is_date32(kind):
        return [
            None,
            date(1700, 1, 1),
            date(1850, 1, 1),
            date(2020, 1, 2),
            date(2027, 3, 2),
            date(9999, 1, 1),
        ]
    if pa.types.is_timestamp(kind):
        return [None, datetime(1700, 1, 1), datetime(2020, 1, 1, 8), datetime(2027, 3, 3)]
    if pa.types.is_string(kind):
        return [None, "", " ", "Peter Smith", "021", "{}", "X" * 300]
    if pa.types.is_floating(kind):
        return [None, -1.0, 0.0, 1e12, float("nan"), float("inf"), 36.5]
    if pa.types.is_integer(kind):
        return [None, -1, 0, 1, 2_000, LARGE if pa.types.is_int64(kind) else 2**31 - 1]
    return [None]


def _mixed_rows(table: str, seed: int) -> pa.Table:
    """Good rows of which each has a few columns changed to something odd."""
    chance = random.Random(f"{table}{seed}")
    schema = make_rows(table, {}).schema
    changes = []
    for _ in range(ROWS):
        names = chance.sample(schema.names, chance.randint(0, min(6, len(schema.names))))
        changes.append({name: chance.choice(_odd_values(schema.field(name).type)) for name in names})
    return make_rows(table, *changes)


def _expected(batch_definition: Any, table: str, rows: pa.Table) -> dict[str, list[int]]:
    """Failing rows by expectation, as validating the suite as a whole tells them."""
    from great_expectations import ExpectationSuite

    found = suite(table)
    assert found is not None
    frame = make_frame(rows, found.expectations)
    built = [_build(e, _bounds(e, rows.schema, TODAY)) for e in found.expectations]
    batch = batch_definition.get_batch({"dataframe": frame})
    asked = {"result_format": "COMPLETE", "exclude_unexpected_values": True}
    results = batch.validate(ExpectationSuite(name=table, expectations=built), result_format=asked).results
    failing = {}
    for result in results:
        assert not result.exception_info.get("raised_exception", True)
        indexes = sorted(set(result.result.get("unexpected_index_list") or ()))
        assert len(indexes) == result.result["unexpected_count"]
        failing[result.expectation_config.meta["name"]] = indexes
    return failing


def _rejected(expectations: tuple[Expectation, ...], failing: dict[str, list[int]]) -> list[tuple[int, str]]:
    rejected: dict[int, str] = {}
    for expectation in expectations:
        if expectation.on_failure == "quarantine":
            for index in failing[expectation.name]:
                rejected.setdefault(index, expectation.reason)
    return sorted(rejected.items())


@pytest.mark.parametrize("table", sorted(GOOD))
def test_the_gate_gives_what_validating_the_suite_gives(batch_definition: Any, table: str) -> None:
    found = suite(table)
    assert found is not None
    rows = _mixed_rows(table, 1)
    expected = _expected(batch_definition, table, rows)
    verdict = judge_rows(table, rows, today=TODAY)
    assert dict(verdict.failures) == {name: len(which) for name, which in expected.items() if which}
    told = dict(_rejected(found.expectations, expected))
    for index in impossible_rows(table, rows):  # limits by code and unit, no expectations
        told.setdefault(index, REASON)
    assert verdict.rejected == sorted(told.items())
    assert verdict.rejected, "rows this odd are not all good"


def test_a_plan_made_for_other_rows_is_not_used(batch_definition: Any) -> None:
    """The same table, with other types: what is good as text is no good as a marker of nothing."""
    rows = make_rows("omop.note", {}, {"note_text": None})
    assert judge_rows("omop.note", rows, today=TODAY).rejected == [(1, "missing-text")]
    place = rows.schema.get_field_index("note_text")
    nothing = rows.set_column(place, "note_text", pa.nulls(2))
    assert judge_rows("omop.note", nothing, today=TODAY).rejected == [
        (0, "missing-text"),
        (1, "missing-text"),
    ]
    later = judge_rows(
        "omop.note", make_rows("omop.note", {"note_date": date(2027, 3, 3)}), today=date(2026, 3, 2)
    )
    assert later.rejected == [], "a day later, a day later is allowed"


def test_texts_that_are_judged_once_give_what_judging_each_row_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    divided = 0
    for table in sorted(GOOD):
        found, rows = suite(table), _mixed_rows(table, 2)
        assert found is not None
        each = judge_rows(table, rows, today=TODAY)
        with monkeypatch.context() as patched:
            patched.setattr("quality.frames._MANY", 1)
            divided += len(divide(rows, found.expectations)) > 1
            assert judge_rows(table, rows, today=TODAY) == each
    assert divided > 3
