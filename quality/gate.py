"""The gate: what a suite says of rows, and whether a table of a source may be published.

Rows are judged by Great Expectations, a batch at a time, in the process that staged them; results are counts by
expectation, never a value. Counts of batches add up, and a (source, table) is judged by the sum. This is the only
module that imports Great Expectations, inside functions, since that takes seconds.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from contracts.errors import Fatal
from quality.frames import comparable, divide, judged_column, make_frame
from quality.limits import REASON as IMPOSSIBLE
from quality.limits import impossible_rows
from quality.suites import Expectation, Suite, suite
from quality.verdicts import RowVerdict as RowVerdict

_LOCK = threading.RLock()
"""Great Expectations gives wrong results when threads share it."""

_TOO_MANY = "too-many-quarantined"
_TOO_FEW = "too-few-rows"


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a (source, table).

    Attributes:
        table: the lake table.
        passed: whether it may be published.
        reasons: what blocks it, rows by reason code; empty where it passed.
        counts: the sum of its batches' verdicts, as `RowVerdict.to_json`.
        today: the day that the suite's `today` stands for.
    """

    table: str
    passed: bool
    reasons: Mapping[str, int]
    counts: Mapping[str, Any]
    today: date

    def to_json(self) -> dict[str, Any]:
        """The verdict in the form of Great Expectations' own validation results: counts, no values."""
        found = suite(self.table)
        results = _results(found, self.counts, self.today) if found else {"success": True, "results": []}
        return {**results, "passed": self.passed, "reasons": dict(self.reasons), "counts": dict(self.counts)}


def judge_rows(table: str, rows: pa.Table, *, today: date) -> RowVerdict:
    """Judge a batch of a lake table's rows by its suite.

    A row is rejected for the first critical expectation that it fails, in the order of the suite, or because no living
    human has its value (`quality.limits`); one that blocks the table or only warns rejects nothing.

    Raises:
        Fatal: the rows lack a column that the suite names, or an expectation cannot be computed.
    """
    found = suite(table)
    if found is None or not rows.num_rows:
        return RowVerdict(table, found.digest if found else "", rows.num_rows)
    verdict = RowVerdict(table, found.digest, rows.num_rows)
    present = [e for e in found.expectations if _present(e, table, rows)]
    counts, indexes = _failing(found, rows, present, today) if present else ({}, {})
    rejected: dict[int, str] = {}
    for expectation in present:
        if count := counts[expectation.name]:
            verdict.failures[expectation.name] += count
            if expectation.on_failure == "warn":
                verdict.warnings[expectation.reason] += count
            for index in indexes.get(expectation.name, ()):
                rejected.setdefault(index, expectation.reason)
    for index in impossible_rows(table, rows):
        rejected.setdefault(index, IMPOSSIBLE)
    verdict.rejected.extend(sorted(rejected.items()))
    return verdict


def judge_rows_by_group(
    table: str, rows: pa.Table, groups: Sequence[int], *, today: date
) -> dict[int, RowVerdict]:
    """Judge rows of many units at once; what is said of each group is what `judge_rows` says of its rows alone.

    Args:
        table: the lake table.
        rows: the rows.
        groups: the group of each row.
        today: the day that the suite's `today` stands for.
    """
    found = suite(table)
    verdicts = {
        group: RowVerdict(table, found.digest if found else "", count)
        for group, count in Counter(groups).items()
    }
    if found is None or not rows.num_rows:
        return verdicts
    present = [e for e in found.expectations if _present(e, table, rows)]
    _, indexes = _failing(found, rows, present, today, told=True) if present else ({}, {})
    within, seen = [], Counter[int]()
    for group in groups:
        within.append(seen[group])
        seen[group] += 1
    rejected: dict[int, dict[int, str]] = {}
    for expectation in present:
        for index in indexes.get(expectation.name, ()):
            verdict = verdicts[groups[index]]
            verdict.failures[expectation.name] += 1
            if expectation.on_failure == "warn":
                verdict.warnings[expectation.reason] += 1
            if expectation.on_failure == "quarantine":
                rejected.setdefault(groups[index], {}).setdefault(within[index], expectation.reason)
    for index in impossible_rows(table, rows):
        rejected.setdefault(groups[index], {}).setdefault(within[index], IMPOSSIBLE)
    for group, held in rejected.items():
        verdicts[group].rejected.extend(sorted(held.items()))
    return verdicts


def merge_verdicts(verdicts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up the verdicts of batches (or of units) of one table; {} for none.

    Raises:
        Fatal: they are of two tables, or were given by two suites.
    """
    if not verdicts:
        return {}
    first = verdicts[0]
    if any((v["table"], v["suite"]) != (first["table"], first["suite"]) for v in verdicts):
        raise Fatal("verdicts of different suites do not add up", first["table"], "process the units again")
    merged: dict[str, Any] = {"table": first["table"], "suite": first["suite"]}
    merged |= {name: sum(int(v[name]) for v in verdicts) for name in ("rows", "rejected")}
    for name in ("reasons", "warnings", "failures"):
        total: Counter[str] = Counter()
        for verdict in verdicts:
            total.update(verdict[name])
        merged[name] = dict(sorted(total.items()))
    return merged


def judge_table(table: str, verdicts: Sequence[Mapping[str, Any]], *, today: date) -> Verdict:
    """Judge one table of a source by the verdicts of its units.

    It is blocked by an expectation that blocks, by a share of quarantined rows beyond the suite's limit once enough
    rows were judged, and by fewer rows than the suite wants. A table without a suite, or without rows judged in this
    round, passes.
    """
    found = suite(table)
    counts = merge_verdicts([v for v in verdicts if v])
    if found is None or not counts:
        return Verdict(table, True, {}, counts, today)
    rows, rejected = counts["rows"], counts["rejected"]
    reasons: Counter[str] = Counter()
    for expectation in found.expectations:
        failed = counts["failures"].get(expectation.name, 0)
        if expectation.on_failure == "block" and failed > (1.0 - expectation.mostly) * rows:
            reasons[expectation.reason] += failed
    if rows >= found.min_judged_rows and rejected > found.max_quarantined_share * rows:
        reasons[_TOO_MANY] += rejected
        reasons.update(counts["reasons"])
    if rows < found.min_rows:
        reasons[_TOO_FEW] += rows or 1
    return Verdict(table, not reasons, dict(reasons), counts, today)


def warm() -> None:
    """Import Great Expectations and make the process's engine now, rather than within the first unit."""
    _engine()


def _present(expectation: Expectation, table: str, rows: pa.Table) -> bool:
    missing = sorted(set(expectation.columns) - set(rows.schema.names))
    if missing and not expectation.optional:
        raise Fatal(f"the rows have no column {', '.join(missing)}", f"{table}: {expectation.name}")
    return not missing


class _Plan:
    """A suite made ready for rows of one shape: what Great Expectations has to compute, in which order.

    Validating a suite costs milliseconds an expectation, whatever the rows: Great Expectations builds its graph of
    metrics anew each time. Here the graph is built once, from the same expectations, and each batch only computes it.
    """

    def __init__(
        self, table: str, expectations: Sequence[Expectation], schema: pa.Schema, today: date
    ) -> None:
        asked = {"result_format": {"result_format": "COMPLETE", "exclude_unexpected_values": True}}
        self.table = table
        self.counts: dict[str, list[Any]] = {}
        self.indexes: dict[str, list[Any]] = {}
        for expectation in expectations:
            built = _build(expectation, _bounds(expectation, schema, today))
            metrics = built.get_validation_dependencies(_engine(), asked).metric_configurations
            for kept, ending in ((self.counts, "unexpected_count"), (self.indexes, "unexpected_index_list")):
                kept[expectation.name] = _in_order(metrics[f"{built.map_metric}.{ending}"])
        self.together = _distinct([m for found in self.counts.values() for m in found])

    def count(self) -> dict[str, int]:
        """How many of the engine's rows fail each expectation."""
        from great_expectations.exceptions.exceptions import GreatExpectationsError

        try:
            known = _compute(self.together)
        except GreatExpectationsError:  # which expectation it was is told below
            known = None
        if known is None:
            return {name: int(self._compute_alone(name, found)) for name, found in self.counts.items()}
        return {name: int(known[found[-1].id]) for name, found in self.counts.items()}

    def rows(self, name: str) -> list[int]:
        """Which of the engine's rows fail the expectation, ascending."""
        return sorted({int(index) for index in self._compute_alone(name, self.indexes[name])})

    def _compute_alone(self, name: str, metrics: list[Any]) -> Any:
        from great_expectations.exceptions.exceptions import GreatExpectationsError

        try:
            return _compute(metrics)[metrics[-1].id]
        except GreatExpectationsError:  # its text may quote a value
            raise Fatal("the expectation could not be computed", f"{self.table}: {name}") from None


def _compute(metrics: Sequence[Any]) -> dict[Any, Any]:
    """Great Expectations' values of metrics that are in the order of their dependencies."""
    known: dict[Any, Any] = {}
    for metric in metrics:
        known.update(_engine().resolve_metrics([metric], known))
    return known


def _in_order(metric: Any) -> list[Any]:
    """A metric with all that it depends on, itself last."""
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    MetricsCalculator(_engine(), show_progress_bars=False).build_metric_dependency_graph([metric], {})
    return _distinct(_depth_first(metric))


def _depth_first(metric: Any) -> list[Any]:
    return [*(m for need in (metric.metric_dependencies or {}).values() for m in _depth_first(need)), metric]


def _distinct(metrics: Sequence[Any]) -> list[Any]:
    """Each metric once, where it stands first."""
    found: dict[Any, Any] = {}
    for metric in metrics:
        found.setdefault(metric.id, metric)
    return list(found.values())


_PLANS: dict[Any, _Plan] = {}
_MOST_PLANS = 256


def _plan(
    table: str, digest: str, expectations: Sequence[Expectation], schema: pa.Schema, today: date
) -> _Plan:
    """The plan for rows of this shape, made once in a process."""
    kinds = tuple((n, str(schema.field(n).type)) for e in expectations for n in e.columns)
    key = (table, digest, kinds, tuple(e.name for e in expectations), today)
    if key not in _PLANS:
        if len(_PLANS) >= _MOST_PLANS:
            _PLANS.clear()
        _PLANS[key] = _Plan(table, expectations, schema, today)
    return _PLANS[key]


def _failing(
    found: Suite, rows: pa.Table, expectations: Sequence[Expectation], today: date, *, told: bool = False
) -> tuple[dict[str, int], dict[str, list[int]]]:
    """How many rows fail, by `Expectation.name`; which ones, only for those that quarantine, or for all (`told`)."""
    counts: dict[str, int] = {}
    indexes: dict[str, list[int]] = {}
    for some, judged, codes in divide(rows, expectations):
        failed, which = _compute_failing(found, judged, some, today, told=told or codes is not None)
        if codes is not None:  # of each distinct text the rows that have it
            which = {name: np.flatnonzero(np.isin(codes, held)).tolist() for name, held in which.items()}
            failed |= {name: len(held) for name, held in which.items()}
        counts, indexes = counts | failed, indexes | which
    wanted = {e.name for e in expectations if told or e.on_failure == "quarantine"}
    return counts, {name: which for name, which in indexes.items() if name in wanted}


def _compute_failing(
    found: Suite, rows: pa.Table, expectations: Sequence[Expectation], today: date, *, told: bool
) -> tuple[dict[str, int], dict[str, list[int]]]:
    with _LOCK:
        engine = _engine()
        engine.load_batch_data(_BATCH, make_frame(rows, expectations))
        try:
            plan = _plan(found.table, found.digest, expectations, rows.schema, today)
            counts = plan.count()
            held = [e.name for e in expectations if (told or e.on_failure == "quarantine") and counts[e.name]]
            indexes = {name: plan.rows(name) for name in held}
        finally:
            engine.batch_manager.batch_data_cache.clear()  # the next batch may be long in coming
    for name, which in indexes.items():
        if len(which) != counts[name]:
            raise Fatal("the rows that fail could not be told", f"{found.table}: {name}")
    return counts, indexes


def _bounds(expectation: Expectation, schema: pa.Schema, today: date) -> dict[str, Any]:
    kind = schema.field(expectation.columns[0]).type
    bound = {k: comparable(v, kind, last=k == "max_value") for k, v in expectation.bound(today).items()}
    return bound | ({"column_A": judged_column(expectation)} if expectation.tolerance else {})


def _build(expectation: Expectation, kwargs: Mapping[str, Any]) -> Any:
    """The expectation as Great Expectations has it, `mostly` left out: rows are judged one by one."""
    from great_expectations import expectations as kinds

    name = "".join(word.capitalize() for word in expectation.type.split("_"))
    meta = {"name": expectation.name}
    if expectation.tolerance:
        meta["tolerance"] = str(expectation.tolerance)
    pair = {"ignore_row_if": "either_value_is_missing"} if len(expectation.columns) > 1 else {}
    return getattr(kinds, name)(**kwargs, **pair, severity=expectation.severity, meta=meta)


_BATCH = "rows"
_cached: list[Any] = []


def _engine() -> Any:
    """The process's execution engine: every batch is loaded into it under one name, one after the other."""
    with _LOCK:
        if not _cached:
            os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
            from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine

            logging.getLogger("great_expectations").setLevel(
                logging.CRITICAL
            )  # its messages may quote values
            _cached.append(PandasExecutionEngine(caching=False))
        return _cached[0]


def _results(found: Suite, counts: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The counts of many batches as one validation result of Great Expectations' public classes."""
    with _LOCK:
        _engine()
        from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

        rows = int(counts.get("rows", 0))
        results = []
        for expectation in found.expectations:
            failed = int(counts.get("failures", {}).get(expectation.name, 0))
            share = 100.0 * failed / rows if rows else 0.0
            bound = {
                k: v.isoformat() if isinstance(v, date) else v for k, v in expectation.bound(today).items()
            }
            results.append(
                ExpectationValidationResult(
                    success=failed <= (1.0 - expectation.mostly) * rows,
                    expectation_config=_build(expectation, bound).configuration,
                    result={"element_count": rows, "unexpected_count": failed, "unexpected_percent": share},
                )
            )
        whole: Any = ExpectationSuiteValidationResult(
            success=all(r.success for r in results),
            results=results,
            suite_name=found.table,
            statistics={
                "evaluated_expectations": len(results),
                "successful_expectations": sum(bool(r.success) for r in results),
            },
            meta={"suite_digest": found.digest},
        )
        plain: dict[str, Any] = whole.to_json_dict()
        return plain
