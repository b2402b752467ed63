"""Dates as exports spell them, and what the profiles let remain of them.

A date keeps the wall time that the source wrote: zone offsets are dropped, never applied, so that a date
column and the date part of its date-time column agree. Years of the group "90 and over" are cut to the youngest year
of that group (see `grouped_year`).

A partial date takes its first day, and is moved by whole months or years (see `whole_shift`): shifted by days, the
first day of a year or month would tell the shift to whoever reads it.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.identity import Person
from contracts.privacy import OLDEST_AGE

if TYPE_CHECKING:
    import polars as pl

# Three spellings: ISO 8601 as in FHIR; DICOM DA and DT, and HL7 v2 TS; ACR-NEMA DA, older than DICOM.
_DATE = (
    r"^\s*(\d{4})(?:"
    r"-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?"
    r"|(\d{2})(?:(\d{2})(?:(\d{2})(\d{2})(\d{2})?(\.\d+)?(?:[+-]\d{4})?|\d{2}|)?)?"
    r"|\.(\d{2})\.(\d{2})"
    r")?\s*$"
)
_PLAIN = r"^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:[0-5]\d)?$"
_ISO = re.compile(_DATE)
_ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_MICROSECONDS_A_DAY = 86_400_000_000
_LIMITS = (-719_162, 2_932_896)  # 0001-01-01 and 9999-12-31, in days since 1970-01-01: what Python can hold


def parse_date(text: str) -> date | None:
    """The day that a date string names, its first day where it is partial; None where it names none."""
    found = _ISO.match(text)
    if not found:
        return None
    year, iso_month, iso_day, *_ = found.groups()
    month = iso_month or found[8] or found[14]
    day = iso_day or found[9] or found[15]
    try:
        return date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None


def shift_date(day: date, days: int) -> date | None:
    """The day shifted; None outside of the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


@lru_cache(maxsize=4096)
def whole_shift(days: int, unit: Literal["Y", "M"]) -> int:
    """By how many whole years ("Y") or months ("M") a person's partial dates are moved whose others move by `days`.

    It is the largest number by which no year or month comes to begin later than its own first day does when that is
    shifted. So it is one number for all of a person's partial dates, however they lie: their order and intervals are
    true, no pattern of them tells the days, and none comes to lie after a full date that it was not after.
    """
    begin, end = ("2000", "2400") if unit == "Y" else ("2000-01", "2400-01")  # a whole cycle of the calendar
    begins = np.arange(begin, end, dtype=f"datetime64[{unit}]")
    moved = (begins.astype("datetime64[D]") + np.timedelta64(days, "D")).astype(begins.dtype)
    return int((moved - begins).astype(np.int64).min())


def unit_of(text: str) -> Literal["Y", "M", "D"]:
    """What the last element of a date string is: year, month, or day where it is whole."""
    length = len(text.strip())
    return "Y" if length == 4 else "M" if length in (6, 7) else "D"


def shift_stated(text: str, days: int) -> date | None:
    """The day that a date string names, shifted; where it is partial, the first day of the period it comes to name.

    None where it names none, or outside of the calendar.
    """
    day, unit = parse_date(text), unit_of(text)
    if day is None or unit == "D":
        return shift_date(day, days) if day else None
    months = day.year * 12 + day.month - 1 + whole_shift(days, unit) * (12 if unit == "Y" else 1)
    return date(months // 12, months % 12 + 1, 1) if 12 <= months < 120_000 else None


def shifted_reference_year(person: Person, today: date) -> int:
    """`reference_year` in the person's shifted dates: of the shifted death, else of `today`."""
    days = [shift_stated(text, person.shift_days) for text in person.traits.get("death_date", ())]
    return min([*(day.year for day in days if day), today.year])


def reference_year(person: Person | None, today: date) -> int:
    """The year at which a person's age is told: of death where that is known, else of `today`."""
    days = [parse_date(text) for text in (person.traits.get("death_date", ()) if person else ())]
    years = [day.year for day in days if day]
    return min([*years, today.year])


def grouped_year(year: int, reference: int) -> int:
    """The year, or the youngest year of the group "90 and over" where it tells an age over 89 at
    `reference`."""
    return max(year, reference - OLDEST_AGE)


def tells_great_age(person: Person | None, today: date) -> bool:
    """Whether a person's known date of birth makes them 90 or over at death or `today`."""
    born = [parse_date(text) for text in (person.traits.get("birth_date", ()) if person else ())]
    return any(day and reference_year(person, today) - day.year >= OLDEST_AGE for day in born)


def parse_dates(column: pa.Array) -> pa.Array:
    """Strings (ISO of any precision, DICOM, ACR-NEMA), dates or timestamps -> date32; null where there is no
    date."""
    if pa.types.is_date32(column.type):
        return column
    if pa.types.is_temporal(column.type):
        return column.cast(pa.date32(), safe=False)
    return _parsed(column)[0]


def parse_datetimes(column: pa.Array) -> pa.Array:
    """Strings or timestamps -> timestamp[us] of the wall time written; null where no time of day is
    stated."""
    if pa.types.is_timestamp(column.type):
        return _wall(column)
    if pa.types.is_temporal(column.type):
        return pa.nulls(len(column), pa.timestamp("us"))
    return _parsed(column)[1]


def _wall(column: pa.Array) -> pa.Array:
    if column.type.tz:
        column = pc.local_timestamp(column)
    return column.cast(pa.timestamp("us"), safe=False)


def _parsed(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    import polars as pl

    text = pl.Series("text", column.cast(pa.large_string()))
    plain = _parsed_plain(text)
    if plain is not None:
        return plain
    parts = text.str.extract_groups(_DATE).struct.unnest()
    names = parts.columns
    month = parts.select(pl.coalesce(names[1], names[7], names[13], pl.lit("01"))).to_series()
    day = parts.select(pl.coalesce(names[2], names[8], names[14], pl.lit("01"))).to_series()
    stamp = parts[names[0]] + "-" + month + "-" + day
    dates = stamp.str.to_date("%Y-%m-%d", strict=False)
    hour = parts.select(pl.coalesce(names[3], names[9])).to_series()
    minute = parts.select(pl.coalesce(names[4], names[10])).to_series()
    second = parts.select(pl.coalesce(names[5], names[11], pl.lit("00"))).to_series().replace("60", "59")
    fraction = parts.select(pl.coalesce(names[6], names[12], pl.lit(".0"))).to_series().str.slice(0, 7)
    clock = stamp + " " + hour + ":" + minute + ":" + second + fraction
    times = clock.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    return dates.to_arrow().cast(pa.date32()), times.to_arrow().cast(pa.timestamp("us"))


def _parsed_plain(text: pl.Series) -> tuple[pa.Array, pa.Array] | None:
    """The same for a column in which every value is a whole ISO day, with or without seconds: as connectors write.

    None where one is not, or where one names no day or time of the calendar: the grammar above decides there.
    """

    if not text.str.contains(_PLAIN).all():
        return None
    days = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    timed = text.set(text.str.len_bytes() == 10, None)
    times = timed.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    if days.null_count() != text.null_count() or times.null_count() != timed.null_count():
        return None
    return days.to_arrow().cast(pa.date32()), times.to_arrow().cast(pa.timestamp("us"))


def shift_dates(days: pa.Array, shifts: pa.Array) -> pa.Array:
    """Each date shifted by its row's days; null where either is null, or where the calendar ends."""
    moved = pc.add(days.cast(pa.int32()).cast(pa.int64()), shifts)
    inside = pc.and_(pc.greater_equal(moved, _LIMITS[0]), pc.less_equal(moved, _LIMITS[1]))
    return pc.if_else(inside, moved, None).cast(pa.int32()).cast(pa.date32())


def shift_partial(
    moved: pa.Array, column: pa.Array, days: pa.Array, years: pa.Array, months: pa.Array
) -> pa.Array:
    """Dates shifted, the partial ones among them by whole years and months.

    Args:
        moved: each date shifted by days.
        column: the date strings; dates of another type are whole.
        days: the day that each names.
        years: by row, the years by which its person's partial dates move.
        months: the same in months.
    """
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return moved
    length = pc.fill_null(pc.utf8_length(pc.utf8_trim_whitespace(column)), 0).to_numpy(zero_copy_only=False)
    partial = (length == 4) | (length == 6) | (length == 7)
    if not partial.any():
        return moved
    by_year = pc.fill_null(years, 0).to_numpy(zero_copy_only=False) * 12
    by_month = np.where(length == 4, by_year, pc.fill_null(months, 0).to_numpy(zero_copy_only=False))
    day = pc.fill_null(days.cast(pa.int32()), 0).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    period = day.astype("datetime64[M]") + by_month
    first = period.astype("datetime64[D]").astype(np.int64)
    inside = (first >= _LIMITS[0]) & (first <= _LIMITS[1])
    known = pc.and_(pc.and_(pc.is_valid(days), pc.is_valid(years)), pa.array(inside))
    found = pc.if_else(known, pa.array(np.where(inside, first, 0), pa.int32()), None).cast(pa.date32())
    return pc.if_else(pa.array(partial), found, moved)


def shift_datetimes(times: pa.Array, shifts: pa.Array) -> pa.Array:
    """Each time shifted by its row's whole days; the time of day stays."""
    moved = pc.add(times.cast(pa.int64()), pc.multiply(shifts, _MICROSECONDS_A_DAY))
    low, high = _LIMITS[0] * _MICROSECONDS_A_DAY, (_LIMITS[1] + 1) * _MICROSECONDS_A_DAY
    inside = pc.and_(pc.greater_equal(moved, low), pc.less(moved, high))
    return pc.if_else(inside, moved, None).cast(pa.timestamp("us"))


def grouped_years(days: pa.Array, references: pa.Array) -> pa.Array:
    """Years (int32) of dates, each grouped by its row's reference year."""
    years = pc.year(days)
    floor = pc.subtract(references, OLDEST_AGE)
    return pc.if_else(pc.is_valid(years), pc.max_element_wise(years, floor), None).cast(pa.int32())


def first_days(years: pa.Array) -> pa.Array:
    """January 1 of each year, as date32."""
    values = np.asarray(pc.fill_null(years, 1970).to_numpy(zero_copy_only=False), dtype=np.int64)
    days = (values - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int32)
    return pc.if_else(pc.is_valid(years), pa.array(days, pa.int32()), None).cast(pa.date32())


def shift_text(text: str, person: Person | None, *, years_only: bool, today: date) -> str | None:
    """An ISO or DICOM date or date-time string under a profile, in the same spelling and precision.

    The zone offset is dropped: what stays is wall time, as in columns, and an offset that changes with the
    season would betray the shift.

    Args:
        text: "1998", "1998-05", "1998-05-02", "1998-05-02T10:00:00Z", "19980502", "19980502101500".
        person: whose date it is; without one, a date can't be shifted.
        years_only: the `safe_harbor` rule; the result is a grouped year of four digits.
        today: the day by which ages are told.

    Returns:
        The string, or None where nothing may remain.
    """
    day = parse_date(text)
    if day is None:
        return None
    if years_only:
        return f"{grouped_year(day.year, reference_year(person, today)):04d}"
    moved = shift_stated(text, person.shift_days) if person else None
    return _respell(text.strip(), moved) if moved else None


def _respell(text: str, day: date) -> str:
    if len(text) == 4:
        return f"{day.year:04d}"
    separator = text[4] if text[4] in "-." else ""
    if separator:
        month_only, rest = len(text) == 7, text[10:]
    else:
        month_only, rest = len(text) == 6, text[8:]
    rest = _ZONE.sub("", rest)
    words = [f"{day.year:04d}", f"{day.month:02d}"] + ([] if month_only else [f"{day.day:02d}"])
    return separator.join(words) + rest
