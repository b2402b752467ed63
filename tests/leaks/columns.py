"""Reads every column of Arrow tables and Parquet files, nested ones, dictionaries and footers too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from tests.leaks.scanner import Scan

Place = tuple[str, str, str]
Owners = Sequence[Mapping[int | None, int] | None]
_PERSON_COLUMNS = ("person_id", "_person_id", "subject_id")
_BIRTH_PARTS = ("year_of_birth", "month_of_birth", "day_of_birth")
_BATCH = 65_536


def scan_parquet(run: Scan, place: Place, source: Path | BytesIO) -> None:
    """A Parquet file: its schema, key-value metadata, column statistics and all values."""
    with pq.ParquetFile(source) as file:
        texts = [str(file.schema_arrow)]
        for key, value in (file.metadata.metadata or {}).items():
            texts += [key.decode("utf-8", "replace"), value.decode("utf-8", "replace")]
        run.scan_strings((*place[:2], "footer metadata"), texts)
        _scan_statistics(run, place, file)
        for batch in file.iter_batches(batch_size=_BATCH):
            scan_arrow(run, place, pa.Table.from_batches([batch]))


def _scan_statistics(run: Scan, place: Place, file: pq.ParquetFile) -> None:
    for group in range(file.metadata.num_row_groups):
        for number in range(file.metadata.num_columns):
            column = file.metadata.row_group(group).column(number)
            statistics = column.statistics
            if statistics is not None and statistics.has_min_max:
                values = [v for v in (statistics.min, statistics.max) if isinstance(v, str)]
                run.scan_strings((*place[:2], f"statistics of {column.path_in_schema}"), values)


def scan_arrow(run: Scan, place: Place, table: pa.Table) -> None:
    """Every column of a table; values are read once each, with the persons in whose rows they stand."""
    persons = next((table.column(c).to_pylist() for c in _PERSON_COLUMNS if c in table.column_names), None)
    if set(_BIRTH_PARTS) <= set(table.column_names):
        table = table.append_column("birth date in three columns", _join_birth_parts(table))
    for name in table.column_names:
        rows = np.arange(table.num_rows)
        column = table.column(name)
        chunk = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        for path, leaf, at in _leaves(name, chunk, rows):
            where = f"{place[2]} {path}".strip()
            _scan_leaf(run, (place[0], place[1], where), leaf, at, persons)


def _join_birth_parts(table: pa.Table) -> Any:
    """Year, month and day of birth as one ISO date: each column alone tells nothing."""
    parts = zip(*(table.column(c).to_pylist() for c in _BIRTH_PARTS), strict=True)
    return pa.array([f"{y:04d}-{m:02d}-{d:02d}" if y and m and d else None for y, m, d in parts], pa.string())


def _leaves(name: str, array: Any, rows: np.ndarray) -> Iterator[tuple[str, Any, np.ndarray]]:
    """Flatten nesting: (dotted path, leaf array, row of each of its values)."""
    kind = array.type
    if isinstance(array, pa.ChunkedArray):
        for chunk in array.chunks:
            yield from _leaves(name, chunk, rows)
    elif isinstance(kind, pa.ExtensionType):
        yield from _leaves(name, array.storage, rows)
    elif pa.types.is_dictionary(kind):
        yield from _leaves(name, array.dictionary_decode(), rows)
    elif pa.types.is_struct(kind):
        for field, child in zip(kind, array.flatten(), strict=True):
            yield from _leaves(f"{name}.{field.name}", child, rows)
    elif pa.types.is_map(kind):
        parents = np.repeat(rows, np.diff(array.offsets.to_numpy()))
        first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
        yield from _leaves(f"{name}.key", array.keys[first:last], parents)
        yield from _leaves(f"{name}.value", array.items[first:last], parents)
    elif pa.types.is_fixed_size_list(kind) and pa.types.is_floating(kind.value_type):
        return  # a vector
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        parents = rows[pc.list_parent_indices(array).to_numpy()]
        yield from _leaves(f"{name}[]", pc.list_flatten(array), parents)
    else:
        yield name, array, rows


def _scan_leaf(
    run: Scan, place: Place, leaf: Any, rows: np.ndarray, persons: list[int | None] | None
) -> None:
    kind = leaf.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        values, owners = _distinct(leaf.cast(pa.large_string()), rows, persons)
        run.scan_strings(place, values, owners)
    elif pa.types.is_integer(kind):
        run.scan_integers(place, pc.unique(leaf).drop_null().to_numpy(zero_copy_only=False))
    elif pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        values, owners = _distinct(leaf.cast(pa.string()), rows, persons)
        run.scan_dates(place, values, owners)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or str(kind) == "binary_view":
        from tests.leaks.decoders import scan_content

        for value in pc.unique(leaf.cast(pa.large_binary())).drop_null().to_pylist():
            scan_content(run, place, value, 1)


def _distinct(
    leaf: Any, rows: np.ndarray, persons: list[int | None] | None
) -> tuple[list[str], Owners | None]:
    """Distinct values and, where rows name persons, how many rows of whom each stands in."""
    encoded = leaf.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    values = [v for v in values if v is not None]
    return values, None if persons is None else _Owners(encoded.indices, rows, persons)


class _Owners(Sequence[Mapping[int | None, int] | None]):
    """For each distinct value, person -> rows; computed for the few values that are hit."""

    def __init__(self, indices: Any, rows: np.ndarray, persons: list[int | None]) -> None:
        self._indices, self._rows, self._persons = indices, rows, persons

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, value: Any) -> Any:
        places = pc.indices_nonzero(pc.fill_null(pc.equal(self._indices, value), False)).to_numpy()
        return Counter(self._persons[row] for row in self._rows[places].tolist())
