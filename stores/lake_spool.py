"""New rows on their way into a table: kept on disk by bucket, so that they can be judged first and written then."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from contracts.errors import Fatal
from stores.lake_digest import Counting, KeySums, Summing, hash_rows, is_member
from stores.lake_files import Selection
from stores.lake_rows import Fitting, align

_FOLDER = ".spool"
_STEP_ROWS = 16_384
_REST_ROWS = 8 * _STEP_ROWS


class Spool:
    """A context manager over one folder that is gone afterwards. Holds de-identified rows alone.

    Attributes:
        schema: the columns of the rows, own ones included, over all batches.
        counts: number of rows by key.
    """

    def __init__(self, lake: Path, fitting: Fitting, selection: Selection) -> None:
        self._lake, self._fitting, self._selection = lake, fitting, selection
        self._folder = lake / _FOLDER / f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(6)}"
        keys = selection.keys
        self._counting = None if keys is None else Counting(keys)
        self._summing = Summing()  # of what has keys that nobody named
        self._schemas: list[pa.Schema] = []
        self._sinks: dict[tuple[int, int], Any] = {}
        self.counts = KeySums.empty()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, mode=0o700)
        return self

    def __exit__(self, *_: object) -> None:
        for sink in self._sinks.values():
            sink.close()
        shutil.rmtree(self._folder)
        pa.default_memory_pool().release_unused()  # else each table of a round keeps some tens of megabytes

    def fill(self, rows: Iterable[pa.RecordBatch]) -> None:
        """Take all rows; each must belong to the selection's keys, where it names any."""
        taken = 0
        for batch in rows:
            for start in range(0, batch.num_rows, _STEP_ROWS):
                self._take(self._fitting.fit(batch.slice(start, _STEP_ROWS)))
            taken += batch.num_rows
            if taken > _REST_ROWS:
                pa.default_memory_pool().release_unused()  # it keeps what was freed, a hundred megabytes in the end
                taken = 0
        for sink in self._sinks.values():
            sink.close()
        self._sinks.clear()
        self.counts = (self._counting or self._summing).total()

    def _take(self, batch: pa.RecordBatch) -> None:
        keys = np.asarray(batch.column(self._selection.key)).astype(np.int64)
        if self._counting is None:
            self._summing.add(keys, np.zeros((len(keys), 2), dtype=np.uint64))
        elif not self._counting.add(keys):
            raise Fatal(
                f"rows of another {self._selection.key[1:]} than those to replace", self._fitting.table.name
            )
        index = self._index(batch.schema)
        buckets = np.asarray(batch.column("_bucket"))
        order = np.argsort(buckets, kind="stable")
        borders = np.searchsorted(buckets[order], np.arange(self._fitting.buckets + 1))
        ordered = batch.take(pa.array(order))
        for bucket in np.flatnonzero(np.diff(borders)).tolist():
            part = ordered.slice(int(borders[bucket]), int(borders[bucket + 1] - borders[bucket]))
            self._sink(bucket, index, batch.schema).write_batch(part)

    def _index(self, schema: pa.Schema) -> int:
        """Batches of open tables differ in their columns: one file for each shape."""
        for index, known in enumerate(self._schemas):
            if known.equals(schema):
                return index
        self._schemas.append(schema)
        return len(self._schemas) - 1

    def _sink(self, bucket: int, index: int, schema: pa.Schema) -> Any:
        if (bucket, index) not in self._sinks:
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            path = self._folder / f"{bucket}-{index}.arrows"
            self._sinks[bucket, index] = pa.ipc.new_stream(path, schema, options=options)
        return self._sinks[bucket, index]

    @property
    def further(self) -> pa.Schema:
        """The columns beyond the table's declared and own ones.

        Raises:
            Fatal: two batches give one column different types.
        """
        declared = {*self._fitting.table.own_schema.names}
        found: dict[str, pa.DataType] = {}
        for schema in self._schemas:
            for field in schema:
                if field.name not in declared and found.setdefault(field.name, field.type) != field.type:
                    raise Fatal(
                        "two batches differ in a column's type", f"{self._fitting.table.name}.{field.name}"
                    )
        return pa.schema([pa.field(name, kind) for name, kind in found.items()])

    def buckets(self) -> list[int]:
        """The buckets that have rows."""
        return sorted({int(path.name.split("-")[0]) for path in self._folder.iterdir()})

    def sums(self, keys: Any) -> KeySums:
        """Digests and counts of the rows of these keys (sorted): gone through only when there is what to compare."""
        summing = Summing()
        for bucket in self.buckets():
            for batch in self._stored(bucket, keys):
                summing.add(np.asarray(batch.column(self._selection.key)).astype(np.int64), hash_rows(batch))
        return summing.total()

    def read(self, bucket: int, keys: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The bucket's rows whose key is among the sorted `keys`, in the columns of `schema`."""
        for batch in self._stored(bucket, keys):
            yield align(batch, schema)

    def _stored(self, bucket: int, keys: Any) -> Iterator[pa.RecordBatch]:
        for index in range(len(self._schemas)):
            path = self._folder / f"{bucket}-{index}.arrows"
            if path.exists():
                with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
                    for batch in stream:
                        mask = is_member(np.asarray(batch.column(self._selection.key)).astype(np.int64), keys)
                        if not mask.all():
                            batch = batch.filter(pa.array(mask))
                        if batch.num_rows:
                            yield batch


def sweep_spools(lake: Path) -> int:
    """Remove what processes of this machine that are gone have left behind; returns how many folders."""
    removed = 0
    for folder in (lake / _FOLDER).glob(f"{socket.gethostname()}-*-*"):
        if not _runs(int(folder.name.rsplit("-", 2)[1])):
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
