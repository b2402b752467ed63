"""Searching a vector table: exact filters, nearest vectors, full text, and both rankings fused."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal

if TYPE_CHECKING:
    from lancedb.table import Table

_MODALITY = re.compile(r"[A-Z0-9_]{1,16}")
_RRF_CONSTANT = 60
"""Cormack, Clarke and Buettcher 2009: score = sum over rankings of 1 / (60 + rank)."""


def vector_schema(dimension: int) -> pa.Schema:
    """Columns of a vector table; `vector` is float32 of `dimension`, L2 norm 1."""
    return pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("person_id", pa.int64()),
            pa.field("source_id", pa.int64(), nullable=False),  # note_id or instance_id
            pa.field("chunk", pa.int32(), nullable=False),
            pa.field("date", pa.date32()),
            pa.field("modality", pa.string()),
            pa.field("title", pa.string()),
            pa.field("text", pa.string()),  # de-identified
            pa.field("digest", pa.string(), nullable=False),  # keyed digest of what was embedded
            pa.field("encoder", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dimension), nullable=False),
        ]
    )


def join_integers(values: Any) -> str:
    """Integers for an SQL list; anything else raises."""
    return ", ".join(str(operator.index(value)) for value in values)


def has_words(text: str | None) -> bool:
    """Whether there is anything to look for."""
    return bool(text and text.strip())


def filter_of(
    persons: Sequence[int] | None,
    date_from: dt.date | None,
    date_to: dt.date | None,
    modality: str | None = None,
) -> str | None:
    """The SQL filter, of validated integers, dates and codes alone; "" for none, None if nothing can pass.

    Raises:
        Fatal: a modality that can be none.
    """
    parts = []
    if persons is not None:
        if not len(persons):
            return None
        parts.append(f"person_id IN ({join_integers(persons)})")
    if date_from is not None:
        parts.append(f"date >= date '{dt.date(date_from.year, date_from.month, date_from.day).isoformat()}'")
    if date_to is not None:
        parts.append(f"date <= date '{dt.date(date_to.year, date_to.month, date_to.day).isoformat()}'")
    if modality is not None:
        if not _MODALITY.fullmatch(modality):
            raise Fatal("this is no modality", "modality", "a code of DICOM, such as CT or US")
        parts.append(f"modality = '{modality}'")
    return " AND ".join(parts)


def result_schema(dimension: int) -> pa.Schema:
    """What a search returns: a row's columns without its vector, and its score."""
    fields = [f for f in vector_schema(dimension) if f.name != "vector"]
    return pa.schema([*(f.with_nullable(True) for f in fields), pa.field("score", pa.float64())])


def search_by_vector(table: Table, vector: Any, where: str, depth: int) -> pa.Table:
    """The nearest rows by cosine. Filtered searches pass the index by: its lists would hide rows that pass."""
    query: Any = table.search(vector, vector_column_name="vector", query_type="vector")
    query = query.distance_type("cosine")
    query = query.where(where, prefilter=True).bypass_vector_index() if where else query.nprobes(32)
    found = _take(query, depth, "_distance")
    score = pc.subtract(1.0, found.column("score"))
    return found.set_column(found.schema.get_field_index("score"), "score", score)


def search_by_text(table: Table, text: str, where: str, depth: int) -> pa.Table:
    """The best rows by BM25."""
    query = table.search(text, query_type="fts", fts_columns="text")
    return _take(query.where(where, prefilter=True) if where else query, depth, "_score")


def _take(query: Any, depth: int, score: str) -> pa.Table:
    names = [f.name for f in vector_schema(1) if f.name != "vector"]
    found = query.select([*names, score]).limit(depth).to_arrow()
    return found.select([*names, score]).rename_columns([*names, "score"])


def fuse_rankings(rankings: Sequence[pa.Table]) -> pa.Table:
    """Reciprocal rank fusion; ties within a ranking go by id, so that a search gives the same answer each time."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        ordered = ranking.sort_by([("score", "descending"), ("id", "ascending")])
        for rank, number in enumerate(ordered.column("id").to_pylist(), 1):
            scores[number] = scores.get(number, 0.0) + 1.0 / (_RRF_CONSTANT + rank)
    joined = pa.concat_tables([ranking.drop_columns(["score"]) for ranking in rankings])
    _, first = np.unique(np.asarray(joined.column("id")), return_index=True)
    rows = joined.take(pa.array(first))
    fused = [scores[number] for number in rows.column("id").to_pylist()]
    return rows.append_column("score", pa.array(fused, pa.float64()))
