"""Values of the CDM's columns: what exports write, brought to one form. Polars, a column at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

_PLAIN_DATE = r"^\d{4}-\d{2}-\d{2}$"
_PLAIN_TIME = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"
# With and without separators, seconds, fractions and zones: as PostgreSQL, BigQuery, Spark and pandas write them.
_MOMENT = (
    r"^(\d{4})[-/]?(\d{2})[-/]?(\d{2})"
    r"(?:[ T](\d{2}:\d{2})(:\d{2})?(?:[.,]\d+)? ?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$"
)
_CLOCK = r"^(?:\d{4}-\d{2}-\d{2}[ T])?(\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)?$"
_NUMBERLIKE = r"\d{5,}|[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}"
"""Five digits in a row, or the beginning of a UUID: a record's number rather than a code."""


@dataclass(frozen=True)
class Typed:
    """A column in its type, and which of its rows could not be brought to it."""

    values: pl.Series
    bad: pl.Series | None = None
    reason: str = ""


def to_text(cells: pa.Array) -> Typed:
    """Bytes -> strings."""
    try:
        return Typed(pl.Series(cells.cast(pa.large_string())))
    except pa.ArrowInvalid:
        pass
    texts: list[str | None] = []
    bad: list[bool] = []
    for cell in cells.to_pylist():
        try:
            texts.append(None if cell is None else cell.decode())
            bad.append(False)
        except UnicodeDecodeError:
            texts.append(None)
            bad.append(True)
    return Typed(pl.Series(texts, dtype=pl.String), pl.Series(bad), "invalid-utf8")


def to_key(text: pl.Series) -> pl.Series:
    """Ids without white space, and without the fraction that pandas gives to integers beside nulls."""
    return _nonempty(text.str.strip_chars().str.replace(r"^(\d+)\.0+$", "$1"))


def to_integer(text: pl.Series, kind: pl.DataType) -> Typed:
    """Whole numbers, also those written with a fraction of zeros."""
    plain = to_key(text.str.replace(r"^\s*(?i:nan)\s*$", "")).str.replace(r"^(-?\d+)\.0+$", "$1")
    return _cast(plain, kind, "not-an-integer")


def to_number(text: pl.Series) -> Typed:
    """Numbers; NaN is none."""
    found = _cast(_nonempty(text.str.strip_chars()), pl.Float64(), "not-a-number")
    values = found.values.fill_nan(None)
    infinite = values.is_infinite().fill_null(False)
    bad = infinite if found.bad is None else found.bad | infinite
    return Typed(values.set(infinite, None), bad, found.reason)


def to_date(text: pl.Series) -> pl.Series:
    """`YYYY-MM-DD`; what is no date stays as it is, for cleaning to reject."""
    if text.str.contains(_PLAIN_DATE).all():
        return text
    return _moments(text).str.slice(0, 10)


def to_datetime(text: pl.Series) -> pl.Series:
    """`YYYY-MM-DDTHH:MM:SS` in the wall time written, midnight where none is; anything else stays as it is."""
    if text.str.contains(_PLAIN_TIME).all():
        return text.str.replace(" ", "T", literal=True)
    return _moments(text).str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00:00")


def to_clock(text: pl.Series) -> pl.Series:
    """A time of day, null where there is none."""
    return text.str.strip_chars().str.extract(_CLOCK, 1)


def to_label(text: pl.Series) -> pl.Series:
    """A code or words, null where it looks like a number of a record."""
    return text.set(text.str.contains(_NUMBERLIKE).fill_null(False), None)


def _moments(text: pl.Series) -> pl.Series:
    parts = text.str.strip_chars().str.extract_groups(_MOMENT).struct.unnest()
    year, month, day, minute, second = (parts[name] for name in parts.columns)
    dates = year + "-" + month + "-" + day
    times = dates + "T" + minute + second.fill_null(":00")
    return times.fill_null(dates).fill_null(text)


def _nonempty(text: pl.Series) -> pl.Series:
    return text.set((text == "").fill_null(False), None)


def _cast(text: pl.Series, kind: pl.DataType, reason: str) -> Typed:
    values = text.cast(kind, strict=False)
    bad = values.is_null() & text.is_not_null()
    return Typed(values, bad if bad.any() else None, reason)


TYPED: dict[pa.DataType, Callable[[pl.Series], Typed]] = {
    pa.int64(): lambda text: to_integer(text, pl.Int64()),
    pa.int32(): lambda text: to_integer(text, pl.Int32()),
    pa.float64(): to_number,
    pa.date32(): lambda text: Typed(to_date(text)),
    pa.timestamp("us"): lambda text: Typed(to_datetime(text)),
    pa.string(): Typed,
}
"""How a column of the CDM is read, by its type there (keys are strings: `to_key`)."""
