"""The columns of the CDM in their types, and the rows in which one is not of its type or lacks what it needs."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from connectors.omop.cells import Cells
from connectors.omop.tables import needed_columns
from connectors.omop.values import TYPED, to_key, to_text
from contracts.schemas import REJECTED
from contracts.schemas.omop import CDM

Bad = tuple[int, str, str, bytes]
"""Number of the row, reason, column ("" where it is the row as a whole), the raw row."""

_HELD = {
    pa.int64(): pl.Int64(),
    pa.int32(): pl.Int32(),
    pa.float64(): pl.Float64(),
}


def is_key(column: pa.Field) -> bool:
    """Whether a column of the CDM is a primary or foreign key, rather than a concept."""
    return bool(pa.types.is_int64(column.type)) and "concept_id" not in column.name


def type_cells(cells: Cells, table: str) -> tuple[pl.DataFrame, list[Bad]]:
    """The rows that hold, under the CDM's names with `_record`, and those that do not.

    Keys, dates, date-times and texts are strings, everything else has its type; a column that the file lacks is null.
    """
    count = len(cells.numbers)
    columns: dict[str, pl.Series] = {"_record": pl.Series(cells.numbers, dtype=pl.Int64)}
    bad: dict[int, tuple[str, str]] = {}
    for column in CDM[table]:
        if column.name not in cells.columns:
            held = pl.String() if is_key(column) else _HELD.get(column.type, pl.String())
            columns[column.name] = pl.Series([None] * count, dtype=held)
            continue
        text = to_text(cells.columns[column.name])
        typed = TYPED[pa.string()](to_key(text.values)) if is_key(column) else TYPED[column.type](text.values)
        columns[column.name] = typed.values
        for found in (text, typed):
            for row in found.bad.arg_true() if found.bad is not None else ():
                bad.setdefault(int(row), (found.reason, column.name))
    for name in CDM[table].names:  # a moment tells its day
        if name.endswith("_datetime") and name.replace("_datetime", "_date") in columns:
            day = name.replace("_datetime", "_date")
            columns[day] = columns[day].fill_null(columns[name].str.slice(0, 10))
    for name in needed_columns(table):
        for row in columns[name].is_null().arg_true():
            bad.setdefault(int(row), ("missing-key", name))
    frame = pl.DataFrame(columns)
    if not bad:
        return frame, []
    told = [(int(cells.numbers[row]), *why, _raw(cells, row)) for row, why in sorted(bad.items())]
    return frame.filter(~pl.Series([row in bad for row in range(count)])), told


def _raw(cells: Cells, row: int) -> bytes:
    """The row for the quarantine: `column=value`, a line each."""
    found = ((name, column[row].as_py()) for name, column in cells.columns.items())
    return b"\n".join(name.encode() + b"=" + value for name, value in found if value is not None)


def tell_rejected(bad: list[Bad]) -> pa.RecordBatch | None:
    """Bad rows as `REJECTED`; rows are numbered as a spreadsheet does, the header being row 1."""
    rows = [
        {
            "_record": number,
            "reason": reason,
            "where": f"row {number + 2}" + (f", {column}" if column else ""),
            "payload": raw,
        }
        for number, reason, column, raw in sorted(bad)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=REJECTED) if rows else None
