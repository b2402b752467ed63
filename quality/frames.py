"""Small frames for the gate: only what a suite's expectations read, in dtypes that keep their meaning.

Great Expectations judges pandas columns of numpy dtypes. Dates become days and date-times microseconds since
1970-01-01, so that no calendar limits them; integers beyond 2^53 beside nulls stay Python integers, so that none is
rounded; a list becomes its length; a column that is only asked for nulls becomes a marker.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal

if TYPE_CHECKING:
    import pandas as pd

    from quality.suites import Expectation

NOT_NULL = "expect_column_values_to_not_be_null"
_OF_TEXTS = frozenset(["expect_column_values_to_match_regex", "expect_column_values_to_be_in_set"])
_MANY = 5_000
_FEW = 8
"""A text is judged once where there are many rows, and so many for each distinct one."""
_EPOCH = date(1970, 1, 1)
_DAY = 86_400_000_000
_EXACT = 2**53


Portion = tuple[list["Expectation"], pa.Table, "np.ndarray[Any, Any] | None"]


def divide(rows: pa.Table, expectations: Sequence[Expectation]) -> list[Portion]:
    """What is judged together: distinct texts apart, where they are few, since a pattern is slow; all else row by row.

    Returns:
        Expectations, the rows that they judge, and, where those are distinct texts, which of them each of `rows` has
        (-1 where it has none); None where they are `rows` themselves.
    """
    columns = {e.columns[0] for e in expectations if e.type in _OF_TEXTS} if rows.num_rows >= _MANY else set()
    found: list[Portion] = []
    for name in sorted(columns):
        if not pa.types.is_string(rows.schema.field(name).type):
            continue
        coded = rows[name].combine_chunks().dictionary_encode()
        if len(coded.dictionary) * _FEW <= rows.num_rows:
            codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
            some = [e for e in expectations if e.type in _OF_TEXTS and e.columns[0] == name]
            found.append((some, pa.table({name: coded.dictionary}), codes))
    apart = {e.name for some, _, _ in found for e in some}
    rest = [e for e in expectations if e.name not in apart]
    return [*found, *([(rest, rows, None)] if rest else [])]


def make_frame(rows: pa.Table, expectations: Sequence[Expectation]) -> pd.DataFrame:
    """The columns that the expectations name; the index is the row's number, 0-based.

    Args:
        rows: n rows; every column named is there.
        expectations: one or more.

    Returns:
        n rows of numpy dtypes.
    """
    import pandas as pd

    read = {name for e in expectations if e.type != NOT_NULL for name in e.columns}
    asked = {name for e in expectations for name in e.columns}
    columns = {
        n: _values(rows[n]) if n in read else _marker(rows[n]) for n in rows.schema.names if n in asked
    }
    for expectation in expectations:
        if expectation.tolerance:
            name = expectation.columns[0]
            columns[judged_column(expectation)] = columns[name] + _span(
                expectation, rows.schema.field(name).type
            )
    return pd.DataFrame(columns, index=pd.RangeIndex(rows.num_rows), copy=False)


def judged_column(expectation: Expectation) -> str:
    """The frame's column that stands for an expectation's first one: later by its tolerance, where it has one."""
    name = expectation.columns[0]
    return f"{name} + {expectation.tolerance}" if expectation.tolerance else name


def _span(expectation: Expectation, kind: pa.DataType) -> int:
    """The tolerance in the unit of a column of type `kind`."""
    tolerance = expectation.tolerance
    if pa.types.is_timestamp(kind):
        return int(tolerance.total_seconds()) * 1_000_000
    if pa.types.is_date32(kind) and not tolerance.seconds:
        return tolerance.days
    raise Fatal("the tolerance does not fit the column", expectation.name, "days for a date")


def comparable(value: Any, kind: pa.DataType, *, last: bool) -> Any:
    """A bound of a suite in the unit that `make_frame` gives a column of Arrow type `kind`.

    Args:
        value: a date or a number.
        kind: the column's type.
        last: whether it is an upper bound, which takes in the whole of its day.
    """
    if not isinstance(value, date):
        return value
    days = (value - _EPOCH).days
    return ((days + last) * _DAY - last) if pa.types.is_timestamp(kind) else days


def _marker(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    return np.where(column.is_valid().to_numpy(), 1.0, np.nan)


def _values(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _floats(pc.list_value_length(column))
    if pa.types.is_date32(kind):
        return _floats(column.cast(pa.int32()))
    if pa.types.is_timestamp(kind):
        return _floats(column.cast(pa.timestamp("us"), safe=False).cast(pa.int64()))
    if pa.types.is_integer(kind):
        return _integers(column)
    if pa.types.is_floating(kind):
        return _floats(column)
    return np.asarray(column.to_pylist(), dtype=object)


def _integers(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    if not column.null_count:
        return np.asarray(column.to_numpy(), dtype=np.int64)
    bounds = pc.min_max(column).as_py()
    if bounds["max"] is not None and max(abs(bounds["min"]), abs(bounds["max"])) > _EXACT:
        return np.asarray(column.to_pylist(), dtype=object)
    return _floats(column)


def _floats(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    filled = pc.fill_null(column.cast(pa.float64(), safe=False), float("nan"))
    return np.asarray(filled.to_numpy(), dtype=np.float64)
