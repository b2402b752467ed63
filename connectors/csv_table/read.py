"""Reading a file by its mapping: rows to records, rejected rows and ignored ones, each counted once."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import pyarrow as pa

from connectors.csv_table.finding import mapping_for, mapping_paths
from connectors.csv_table.mapping import FileMapping
from connectors.csv_table.records import Columns, Context, make_records, reject_records
from connectors.tabular.moments import Reader, moment_reader, zone_of
from connectors.tabular.rows import Batch, read_batches, reject_rows
from contracts.protocols import Reading
from contracts.schemas import IGNORED, count_records

Batches = Iterator[tuple[str, pa.RecordBatch]]


def mapping_of(reading: Reading) -> FileMapping:
    """The mapping by which a unit is read."""
    return mapping_for(reading.place.name, mapping_paths(reading.source))


def authority_of(reading: Reading, mapping: FileMapping) -> str:
    """Who assigned the file's patient numbers."""
    return mapping.authority or reading.authority


def moments_of(reading: Reading, mapping: FileMapping) -> Reader:
    """Reads the file's dates."""
    return moment_reader(mapping.dates, zone_of(reading.source.time_zone))


def read_records(reading: Reading, mapping: FileMapping) -> Batches:
    """The file's records in batches."""
    context: Context | None = None
    met = 0
    for batch in read_batches(reading.place, mapping.dialect):
        met += batch.count
        if mapping.ignore:
            yield from _ignore(batch)
            continue
        if context is None:
            named = set(mapping.columns)
            unnamed = sum(1 for column in batch.header if column not in named)
            authority = authority_of(reading, mapping)
            context = Context(mapping, authority, reading.key, moments_of(reading, mapping), unnamed)
        met += yield from _records(batch, context)
    yield count_records(met)


def _records(batch: Batch, context: Context) -> Generator[tuple[str, pa.RecordBatch], None, int]:
    """The records of a batch; returns how many more there are than rows, since several blocks may take one row."""
    mapping = context.mapping
    blocks = max(len(mapping.blocks), 1)
    columns = Columns(batch, mapping)
    takers = np.zeros(len(batch.numbers), np.int64)
    rejected = {}
    for index, block in enumerate(mapping.blocks):
        made = make_records(batch, columns, block, index, context)
        takers += made.taken
        rejected[index] = made.rejected
        if made.rows.num_rows:
            yield f"csv.{block.target}", made.rows
    bad = reject_records(batch, rejected, blocks)
    bad += [(n * blocks, reason, batch.row(n), raw) for n, reason, raw in batch.rejected]
    if bad:
        yield reject_rows(sorted(bad))
    left = [batch.numbers[row] * blocks for row in np.flatnonzero(takers == 0).tolist()]
    if left:
        yield _ignored(left, "row-of-no-block")
    return int((takers - 1).clip(min=0).sum())


def _ignore(batch: Batch) -> Batches:
    numbers = sorted([*batch.numbers, *(number for number, *_ in batch.rejected)])
    if numbers:
        yield _ignored(numbers, "ignored-by-mapping")


def _ignored(numbers: list[int], kind: str) -> tuple[str, pa.RecordBatch]:
    columns = [pa.array(numbers, pa.int64()), pa.array([kind] * len(numbers), pa.string())]
    return "ignored", pa.RecordBatch.from_arrays(columns, schema=IGNORED)
