"""What a cleaning rule is, and how a batch is judged by many at once (polars, a column at a time)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import cast

import polars as pl
import pyarrow as pa

_ISO = r"^\d{4}(-\d{2}(-\d{2}(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d)?)?)?$"


@dataclass(frozen=True)
class Rule:
    """A rule on single rows.

    Attributes:
        reason: reason code, lower-case words joined by hyphens.
        where: the field that it is about.
        broken: true in the rows that break it; null counts as false.
        columns: what `broken` reads.
        severity: `error` rejects the row, `warning` counts it.
    """

    reason: str
    where: str
    broken: pl.Expr
    columns: tuple[str, ...]
    severity: str = "error"


def judge(rows: pa.Table, rules: list[Rule]) -> tuple[dict[int, tuple[str, str]], Counter[str]]:
    """Judge all rows by all rules.

    Returns:
        By index of each rejected row, ascending, the reason and field of the first rule it breaks; and how many of
        the rows that are not rejected break which warning.
    """
    columns = sorted({column for rule in rules for column in rule.columns})
    frame = cast(pl.DataFrame, pl.from_arrow(rows.select(columns)))
    marks = frame.select(rule.broken.fill_null(False).alias(str(i)) for i, rule in enumerate(rules))
    failed: dict[int, tuple[str, str]] = {}
    for i, rule in enumerate(rules):
        if rule.severity == "error":
            for index in marks[str(i)].arg_true():
                failed.setdefault(index, (rule.reason, rule.where))
    warnings: Counter[str] = Counter()
    for i, rule in enumerate(rules):
        if rule.severity == "warning":
            count = sum(1 for index in marks[str(i)].arg_true() if index not in failed)
            warnings.update({rule.reason: count} if count else {})
    return dict(sorted(failed.items())), warnings


def warn_of_deaths_without_date(where: str) -> Rule:
    """A person who is stated to be dead, since nobody says when: `omop.death`, which needs a date, has none of them."""
    broken = pl.col("deceased") & pl.col("death_date").is_null()
    return Rule("deceased-without-date", where, broken, ("deceased", "death_date"), "warning")


def missing(column: str) -> pl.Expr:
    """Null in this column."""
    return pl.col(column).is_null()


def impossible(column: str) -> pl.Expr:
    """Not an ISO date or date-time, or one that no calendar has (2023-02-30); partial dates are possible."""
    value = pl.col(column)
    whole = (
        pl.when(value.str.len_bytes() == 4)
        .then(value + "-01-01")
        .when(value.str.len_bytes() == 7)
        .then(value + "-01")
        .otherwise(value.str.slice(0, 10))
    )
    is_iso = value.str.contains(_ISO)
    real = whole.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    return value.is_not_null() & ~(is_iso & real)


def earlier(left: str, right: str) -> pl.Expr:
    """The date in `left` is earlier than that in `right`, as far as both are precise (year, month, day)."""
    length = pl.min_horizontal(pl.col(left).str.len_bytes(), pl.col(right).str.len_bytes(), pl.lit(10))
    return pl.col(left).str.slice(0, length) < pl.col(right).str.slice(0, length)


def later_than(column: str, day: str) -> pl.Expr:
    """The date in `column` is later than the ISO date `day`, as far as it is precise."""
    length = pl.min_horizontal(pl.col(column).str.len_bytes(), pl.lit(10))
    return pl.col(column).str.slice(0, length) > pl.lit(day).str.slice(0, length)


def earlier_by_hours(left: str, right: str, hours: int) -> pl.Expr:
    """The date-time in `left` is earlier than that in `right` by more than `hours`."""
    form = "%Y-%m-%dT%H:%M:%S"
    begin, end = (pl.col(name).str.to_datetime(form, strict=False) for name in (left, right))
    return (end - begin) > pl.duration(hours=hours)
