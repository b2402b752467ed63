"""A file's records as the lake has them, put together again in their order, a window of records at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stores.lake import Lake
from stores.lake_owner import OwnerRows
from stores.lake_sql import HIDDEN
from tasks.vcf.standardise import unmix_record_ids

CELLS = 200_000
RECORDS = 20_000
"""A window holds at most so many records, and so many of records times samples."""

_CALLS = ("genotype", "phased")
Taken: TypeAlias = tuple[np.ndarray, pa.Table | None]
_NOTHING: Taken = (np.zeros(0, dtype=np.int64), None)


@dataclass(frozen=True)
class StoredFile:
    """One file of the lake.

    Attributes:
        source: the source's name.
        file_id: its id, which is the owner of its rows.
        samples: how many it has.
        versions: the tables' versions to read.
    """

    source: str
    file_id: int
    samples: int
    versions: dict[str, int]


def read_records(lake: Lake, file: StoredFile) -> Iterator[pa.Table]:
    """Columns of `genomics.variant` or `genomics.reference_block`, and of `genomics.call`, one row a record.

    Without those that `HIDDEN` names, where it is among the versions.
    """
    hidden = _hidden(lake, file)
    for rows in _all_records(lake, file):
        seen = rows.filter(pc.invert(pc.is_in(rows["record_id"], hidden))) if len(hidden) else rows
        if seen.num_rows:
            yield seen


def _hidden(lake: Lake, file: StoredFile) -> pa.Array:
    version = file.versions.get(HIDDEN)
    if version is None:
        return pa.array([], pa.int64())
    import polars as pl

    rows = lake.read(HIDDEN, version, ["record_id"], where=pl.col("file_id") == file.file_id)
    return rows["record_id"].combine_chunks()


def _all_records(lake: Lake, file: StoredFile) -> Iterator[pa.Table]:

    def rows(table: str, key: str) -> OwnerRows | None:
        version = file.versions.get(table)
        if version is None:
            return None
        numbering = None if key == "record_index" else _numbering
        return lake.owner_rows(table, version, file.source, file.file_id, key, numbering)

    def _numbering(ids: np.ndarray) -> np.ndarray:
        return unmix_record_ids(file.file_id, ids)

    variants = rows("genomics.variant", "record_index")
    blocks = rows("genomics.reference_block", "record_index")
    calls = rows("genomics.call", "record_id")
    last = max((one.last for one in (variants, blocks) if one), default=-1)
    step = max(1, min(RECORDS, CELLS // max(1, file.samples)))
    for start in range(0, last + 1, step):
        stop = start + step
        taken = [one.take(stop) if one else _NOTHING for one in (variants, blocks, calls)]
        joined = _join(*taken)
        if joined is not None:
            yield joined


def _join(variants: Taken, blocks: Taken, calls: Taken) -> pa.Table | None:
    """Variants with their calls, and reference blocks, in the order of their numbers."""
    found: list[pa.Table] = []
    numbers: list[np.ndarray] = []
    for (own, table), has_calls in ((variants, False), (blocks, True)):
        if table is not None:
            if calls[1] is not None and not has_calls:
                table = _with_calls(own, table, calls[0], calls[1])
            found.append(table)
            numbers.append(own)
    if not found:
        return None
    if len(found) == 1:
        return found[0]
    order = np.argsort(np.concatenate(numbers), kind="stable")
    return pa.concat_tables(found, promote_options="default").take(pa.array(order))


def _with_calls(numbers: np.ndarray, table: pa.Table, call_numbers: np.ndarray, calls: pa.Table) -> pa.Table:
    names = [name for name in calls.schema.names if name in _CALLS or name.startswith("format_")]
    calls = calls.select(names)
    if not np.array_equal(numbers, call_numbers):
        index = np.searchsorted(call_numbers, numbers)
        index[index == len(call_numbers)] = 0
        without = call_numbers[index] != numbers
        calls = calls.take(pa.array(index, mask=without))
    for name in names:
        table = table.append_column(name, calls[name])
    return table
