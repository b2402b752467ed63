"""Sort events that do not fit into memory: spread over slices on disk, each of which fits, and is sorted by itself.

DuckDB's own sort fails where texts exceed its memory: it keeps the blocks of strings pinned.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SLICE_BYTES = 128 * 2**20
_ROW_BYTES = 150
_SPREAD_BYTES = 16 * 2**20
_MOST_SLICES = 128


def count_slices(rows: int, text_bytes: int) -> int:
    """Into how many slices rows with so many bytes of text are spread, so that each fits into memory."""
    return min(1 + (rows * _ROW_BYTES + text_bytes) // SLICE_BYTES, _MOST_SLICES)


class SlicedSort:
    """Takes batches in any order, gives them back slice by slice, sorted within each.

    Args:
        folder: where slices are kept, if there are several.
        schema: of the batches; its last column, `slice`, says where a row belongs.
        keys: columns to sort by; nulls come first.
        in_memory: nothing goes to disk.
    """

    def __init__(self, folder: Path, schema: pa.Schema, keys: list[str], in_memory: bool) -> None:
        self._folder, self._schema, self._keys = folder, schema, keys
        self._in_memory = in_memory
        self._held: dict[int, list[pa.RecordBatch]] = {}
        self._writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
        self._waiting: list[pa.RecordBatch] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows, to be spread over the slices with others."""
        self._waiting.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= _SPREAD_BYTES:
            self._spread()

    def _spread(self) -> None:
        table = pa.Table.from_batches(self._waiting, schema=self._schema)
        self._waiting, self._bytes = [], 0
        if not table.num_rows:
            return
        numbers = np.asarray(table.column("slice"))
        order = np.argsort(numbers, kind="stable")
        ordered, numbers = table.take(pa.array(order)), numbers[order]
        starts = np.flatnonzero(np.diff(numbers, prepend=-1)).tolist()
        for start, end in zip(starts, [*starts[1:], len(numbers)], strict=True):
            self._put(int(numbers[start]), ordered.slice(start, end - start))

    def tables(self) -> Iterator[tuple[int, pa.Table]]:
        """Each slice that has rows, in the order of their numbers, with its sorted rows."""
        self._spread()
        self._close()
        for number in sorted(self._held if self._in_memory else self._writers):
            table = self._load(number)
            keys = [(name, "ascending", "at_start") for name in self._keys]
            yield number, table.take(pc.sort_indices(table, sort_keys=keys))

    def _put(self, number: int, rows: pa.Table) -> None:
        if self._in_memory:
            self._held.setdefault(number, []).extend(rows.to_batches())
            return
        if number not in self._writers:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writers[number] = pa.ipc.new_stream(str(self._path(number)), self._schema, options=options)
        self._writers[number].write_table(rows)

    def _load(self, number: int) -> pa.Table:
        if self._in_memory:
            return pa.Table.from_batches(self._held.pop(number), schema=self._schema)
        with pa.ipc.open_stream(str(self._path(number))) as reader:
            table = reader.read_all()
        self._path(number).unlink()
        return table

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.arrow"

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
