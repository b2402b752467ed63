"""One owner's rows of a lake table, in order of a number that its rows carry, in bounded memory.

The lake keeps an owner's rows together, but promises no order: batches of different columns come one after the other,
and a table may be spread over several files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stores.lake_files import DataFile, Selection, list_files

if TYPE_CHECKING:
    from deltalake import DeltaTable

Numbering: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""From the values of the key column to the numbers that order the rows, both int64."""


@dataclass(frozen=True)
class _Group:
    """A row group that holds rows of the owner: the lowest and highest of their numbers, and which rows they are."""

    file: DataFile
    index: int
    low: int
    high: int
    mask: Any


class OwnerRows:
    """The rows of one owner, taken in rising order of their numbers; each row group is read once.

    Args:
        root: the table's folder.
        delta: the table at the version to read.
        source: the source's name.
        owner: the owner.
        key: the int64 column that tells the order.
        numbering: from that column to numbers; as it is where None.
    """

    def __init__(
        self,
        root: Path,
        delta: DeltaTable,
        source: str,
        owner: int,
        key: str,
        numbering: Numbering | None = None,
    ) -> None:
        self._root, self._key = root, key
        self._numbering: Numbering = numbering or (lambda values: values)
        selection = Selection(source, "_owner", np.array([owner], dtype=np.int64))
        found = [g for f in list_files(delta) if selection.covers(f) for g in self._groups(f, selection)]
        self._waiting = sorted(found, key=lambda group: group.low, reverse=True)
        self._held: list[tuple[np.ndarray, pa.Table]] = []
        self.last = max((group.high for group in found), default=-1)

    def _groups(self, file: DataFile, selection: Selection) -> Iterator[_Group]:
        with pq.ParquetFile(self._root / file.path) as parquet:
            for index in range(parquet.num_row_groups):
                table = parquet.read_row_group(index, columns=["_source", "_owner", self._key])
                own = table.combine_chunks().to_batches()
                mask = selection.mask(own[0], file) if own else np.zeros(0, dtype=bool)
                if mask.any():
                    numbers = self._numbering(np.asarray(own[0].column(self._key))[mask])
                    yield _Group(file, index, int(numbers.min()), int(numbers.max()), mask)

    def take(self, stop: int) -> tuple[np.ndarray, pa.Table | None]:
        """The rows not yet taken whose numbers are below `stop`: the numbers, rising, and the rows (None: none).

        Columns whose names begin with an underscore stay away, and so do those without any value.
        """
        while self._waiting and self._waiting[-1].low < stop:
            self._held.append(self._read(self._waiting.pop()))
        parts, rest = [], []
        for numbers, table in self._held:
            border = int(np.searchsorted(numbers, stop))
            if border:
                parts.append((numbers[:border], table.slice(0, border)))
            if border < len(numbers):
                rest.append((numbers[border:], table.slice(border)))
        self._held = rest
        if not parts:
            return np.zeros(0, dtype=np.int64), None
        if len(parts) == 1:
            return parts[0]
        numbers = np.concatenate([numbers for numbers, _ in parts])
        order = np.argsort(numbers, kind="stable")
        joined = pa.concat_tables([table for _, table in parts], promote_options="default")
        return numbers[order], joined.take(pa.array(order))

    def _read(self, group: _Group) -> tuple[np.ndarray, pa.Table]:
        with pq.ParquetFile(self._root / group.file.path) as parquet:
            names = [name for name in parquet.schema_arrow.names if not name.startswith("_")]
            table = parquet.read_row_group(group.index, columns=names)
        if not group.mask.all():
            table = table.filter(pa.array(group.mask))
        numbers = self._numbering(np.asarray(table[self._key].combine_chunks()))
        if np.any(np.diff(numbers) < 0):
            order = np.argsort(numbers, kind="stable")
            numbers, table = numbers[order], table.take(pa.array(order))
        told = [name for name in table.schema.names if table[name].null_count < table.num_rows]
        return numbers, table.select(told)
