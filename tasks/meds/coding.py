"""The table of codes: every code of the events, what it means and what it is a kind of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

_GROUP = ["code", "parent", "display", "prefix", "concept_id"]
_SUMMARY = pa.schema(
    [
        pa.field("code", pa.string()),
        pa.field("parent", pa.string()),
        pa.field("display", pa.string()),
        pa.field("prefix", pa.string()),
        pa.field("concept_id", pa.int64()),
        pa.field("events", pa.int64()),
    ]
)
_BATCH_CODES = 50_000


class CodeCounter:
    """Counts how often each code comes with which words, while the events pass by."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Any, ...], int] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch of events, or of another summary (with its column `events`)."""
        table = pa.Table.from_batches([batch])
        if "events" not in table.schema.names:
            table = table.append_column("events", pa.repeat(pa.scalar(1, pa.int64()), table.num_rows))
        counted = table.select([*_GROUP, "events"]).group_by(_GROUP).aggregate([("events", "sum")])
        for row in zip(*(counted[name].to_pylist() for name in (*_GROUP, "events_sum")), strict=True):
            self._counts[row[:-1]] = self._counts.get(row[:-1], 0) + row[-1]

    def summary(self) -> pa.Table:
        """What was counted, in a fixed order."""
        rows = sorted(self._counts.items(), key=lambda item: tuple(str(part or "") for part in item[0]))
        columns = list(zip(*((*key, count) for key, count in rows), strict=True)) or [()] * len(_SUMMARY)
        return pa.table(
            [pa.array(column, field.type) for column, field in zip(columns, _SUMMARY, strict=True)],
            schema=_SUMMARY,
        )


def code_schema() -> pa.Schema:
    """The standard's columns of `codes.parquet`, and the OMOP concept that a code is."""
    from meds.schema import CodeMetadataSchema

    return pa.schema([*CodeMetadataSchema.schema(), pa.field("concept_id", pa.int64())])


def code_batches(summaries: Iterable[pa.Table]) -> Iterator[pa.RecordBatch]:
    """The rows of `codes.parquet`, sorted by code: each code once, described by the words it most often comes with.

    What a code made of a prefix and another code is a kind of (`ADMISSION//Visit//IP` of `Visit//IP`) is its parent.
    """
    counter = CodeCounter()
    for summary in summaries:
        for batch in summary.to_batches():
            counter.add(batch)
    best: dict[str, tuple[Any, ...]] = {}
    for row in counter.summary().to_pylist():
        known = best.get(row["code"])
        # words before none, then the most frequent, then the first by alphabet (which the summary's order gives)
        rank = (row["display"] is not None, row["events"])
        if known is None or rank > known[0]:
            best[row["code"]] = (rank, row)
    codes = [best[code][1] for code in sorted(best)]
    schema = code_schema()
    for start in range(0, len(codes), _BATCH_CODES):
        rows = codes[start : start + _BATCH_CODES]
        yield pa.record_batch(
            [
                pa.array([row["code"] for row in rows], pa.string()),
                pa.array([_describe(row) for row in rows], pa.string()),
                pa.array([[row["parent"]] if row["parent"] else None for row in rows], pa.list_(pa.string())),
                pa.array([row["concept_id"] for row in rows], pa.int64()),
            ],
            schema=schema,
        )


def _describe(row: dict[str, Any]) -> str | None:
    words = row["display"]
    if not row["prefix"]:
        return None if words is None else str(words)
    what = str(row["prefix"]).replace("_", " ").capitalize()
    return what if words is None else f"{what}: {words}"
