"""The data files of one Delta table: listing, reading in bounded memory, writing.

Nightrounds writes its Parquet files itself and commits them as add and remove actions. Delta's own overwrite by
predicate was tried: it takes 600 MB, puts owners' ids into the log, and quotes rows in its errors.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stores.lake_digest import distinct, is_member
from stores.lake_rows import align

if TYPE_CHECKING:
    from deltalake import DeltaTable

ROW_GROUP_BYTES = 24 * 2**20
FILE_ROWS = 4_000_000
READ_ROWS = 32_768


@dataclass(frozen=True)
class DataFile:
    """A live data file: `path` relative to the table, its bucket, size, rows, and the range of its own columns."""

    path: str
    bucket: int
    size: int
    rows: int
    sources: tuple[str, str] | None
    owners: tuple[int, int] | None

    def may_hold(self, source: str | None, keys: Any | None) -> bool:
        """Whether the statistics leave room for rows of `source` with an owner among the sorted `keys`."""
        if source is not None and self.sources and not self.sources[0] <= source <= self.sources[1]:
            return False
        if keys is None or self.owners is None:
            return True
        return bool(
            np.searchsorted(keys, self.owners[0]) < np.searchsorted(keys, self.owners[1], side="right")
        )


def list_files(delta: DeltaTable) -> list[DataFile]:
    """All live files of a table's version, in the order of their paths."""
    rows = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    files = [
        DataFile(
            path=row["path"],
            bucket=row["partition._bucket"],
            size=row["size_bytes"],
            rows=row["num_records"],
            sources=_range(row, "_source"),
            owners=_range(row, "_owner"),
        )
        for row in rows
    ]
    return sorted(files, key=lambda file: file.path)


def _range(row: dict[str, Any], name: str) -> tuple[Any, Any] | None:
    low, high = row.get(f"min.{name}"), row.get(f"max.{name}")
    return None if low is None or high is None else (low, high)


def arrow_schema(delta: DeltaTable) -> pa.Schema:
    """The table's schema in Arrow, own columns included, field metadata left out."""
    schema = pa.schema(delta.schema())
    return pa.schema([field.remove_metadata() for field in schema])


@dataclass(frozen=True)
class Selection:
    """Which rows are meant: of `source` (None: any), whose `key` (`_owner` or `_bucket`) is among sorted `keys`
    (None: any)."""

    source: str | None = None
    key: str = "_owner"
    keys: Any = None

    def covers(self, file: DataFile) -> bool:
        """Whether the file may hold such rows."""
        if self.key == "_bucket":
            inside = self.keys is None or bool(is_member(np.array([file.bucket]), self.keys)[0])
            return inside and file.may_hold(self.source, None)
        return file.may_hold(self.source, self.keys)

    def mask(self, own: pa.RecordBatch, file: DataFile) -> Any:
        """Which rows of a batch with `_source` and `_owner` are meant: bool array."""
        mask = np.ones(own.num_rows, dtype=bool)
        if self.source is not None and (file.sources is None or file.sources[0] != file.sources[1]):
            mask &= np.asarray(pa.compute.equal(own.column("_source"), self.source))
        elif self.source is not None and file.sources is not None and file.sources[0] != self.source:
            mask[:] = False
        if self.keys is not None and self.key == "_owner":
            mask &= is_member(np.asarray(own.column("_owner")), self.keys)
        return mask


def read_batches(
    root: Path, file: DataFile, schema: pa.Schema, selection: Selection | None = None, invert: bool = False
) -> Iterator[pa.RecordBatch]:
    """Read a file's rows in the columns of `schema`, one row group in memory at a time.

    Args:
        root: the table's folder.
        file: the file.
        schema: the wanted columns; those that the file lacks are null, `_bucket` comes from the partition.
        selection: only these rows (or all but these, if `invert`); row groups without any are not decoded.
        invert: see `selection`.
    """
    with pq.ParquetFile(root / file.path) as parquet:
        present = set(parquet.schema_arrow.names)
        wanted = [name for name in schema.names if name in present]
        for group in range(parquet.num_row_groups):
            mask = None
            if selection is not None:
                own = _one_batch(parquet.read_row_group(group, columns=["_source", "_owner"]))
                mask = selection.mask(own, file) ^ invert
                if not mask.any():
                    continue
            yield from _read_group(parquet, group, wanted, file, schema, mask)


def _read_group(
    parquet: pq.ParquetFile, group: int, wanted: list[str], file: DataFile, schema: pa.Schema, mask: Any
) -> Iterator[pa.RecordBatch]:
    start = 0
    if not wanted:
        size = parquet.metadata.row_group(group).num_rows if mask is None else int(mask.sum())
        yield _with_bucket(pa.record_batch([pa.nulls(size)], names=["-"]), file, schema)
        return
    for batch in parquet.iter_batches(READ_ROWS, row_groups=[group], columns=wanted):
        size = batch.num_rows
        if mask is not None:
            part = mask[start : start + size]
            if not part.all():
                batch = batch.filter(pa.array(part))
        start += size
        if batch.num_rows:
            yield _with_bucket(batch, file, schema)


def _with_bucket(batch: pa.RecordBatch, file: DataFile, schema: pa.Schema) -> pa.RecordBatch:
    if "_bucket" in schema.names:
        bucket = pa.repeat(pa.scalar(file.bucket, pa.int32()), batch.num_rows)
        batch = batch.append_column("_bucket", bucket)
    return align(batch, schema)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def find_owners(root: Path, files: Sequence[DataFile], selection: Selection) -> Any:
    """The owners (sorted int64) of the meant rows; only the own columns are read."""
    found = [np.zeros(0, dtype=np.int64)]
    for file in files:
        if selection.covers(file):
            with pq.ParquetFile(root / file.path) as parquet:
                for group in range(parquet.num_row_groups):
                    own = _one_batch(parquet.read_row_group(group, columns=["_source", "_owner"]))
                    found.append(distinct(np.asarray(own.column("_owner"))[selection.mask(own, file)]))
    return distinct(np.concatenate(found))


@dataclass(frozen=True)
class Written:
    """A data file just written, not yet committed."""

    path: str
    bucket: int
    size: int
    rows: int
    stats: str


class DataWriter:
    """Writes one bucket's rows of one source to new files, a row group in memory at a time."""

    def __init__(self, root: Path, bucket: int, schema: pa.Schema) -> None:
        self._root, self._bucket = root, bucket
        self._schema = pa.schema([field for field in schema if field.name != "_bucket"])
        self._pending: list[pa.RecordBatch] = []
        self._bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._path = ""
        self._rows = 0
        self._sources: set[str] = set()
        self._owners: list[int] = []
        self.files: list[Written] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows (aligned to the table's schema or not)."""
        if not batch.num_rows:
            return
        batch = align(batch, self._schema)
        self._pending.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        table = pa.Table.from_batches(self._pending, schema=self._schema)
        self._pending, self._bytes = [], 0
        if self._writer is None:
            self._open()
        assert self._writer is not None
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._rows += table.num_rows
        self._sources.update(table.column("_source").unique().to_pylist())
        bounds = pa.compute.min_max(table.column("_owner")).as_py()
        self._owners += [bounds["min"], bounds["max"]]
        if self._rows >= FILE_ROWS:
            self._close()

    def _open(self) -> None:
        folder = f"_bucket={self._bucket}"
        (self._root / folder).mkdir(exist_ok=True)
        self._path = f"{folder}/{uuid.uuid4().hex}.parquet"
        self._rows, self._sources, self._owners = 0, set(), []
        self._writer = pq.ParquetWriter(
            self._root / self._path,
            self._schema,
            compression="zstd",
            compression_level=1,
            write_page_index=False,
        )

    def _close(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        size = sync_file(self._root / self._path)
        low = {"_source": min(self._sources), "_owner": min(self._owners)}
        high = {"_source": max(self._sources), "_owner": max(self._owners)}
        nulls = {"_source": 0, "_owner": 0}
        stats = {"numRecords": self._rows, "minValues": low, "maxValues": high, "nullCount": nulls}
        self.files.append(Written(self._path, self._bucket, size, self._rows, json.dumps(stats)))

    def close(self) -> list[Written]:
        """Finish, and return all files written."""
        self._flush()
        self._close()
        return self.files

    def abandon(self) -> None:
        """Remove all that was written."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            (self._root / self._path).unlink(missing_ok=True)
        remove_written(self._root, self.files)
        self.files = []


def remove_written(root: Path, files: Sequence[Written]) -> None:
    """Remove files that were written and not committed."""
    for file in files:
        (root / file.path).unlink(missing_ok=True)


def sync_file(path: Path) -> int:
    """Force a file and its folder's entry to disk; returns the file's size. A commit must not outlive its files."""
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return path.stat().st_size


def now_ms() -> int:
    """Milliseconds since 1970, as Delta's actions want them."""
    return time.time_ns() // 1_000_000
