from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.errors import Fatal
from nightrounds.cron import next_run, parse_cron

AFTER = datetime(2024, 3, 1, 12, 30, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("0 1 * * *", "2024-03-02T01:00"),
        ("30 12 * * *", "2024-03-02T12:30"),
        ("31 12 * * *", "2024-03-01T12:31"),
        ("*/20 * * * *", "2024-03-01T12:40"),
        ("0 1 * * mon-fri", "2024-03-04T01:00"),
        ("0 1 * * 7", "2024-03-03T01:00"),
        ("0 1 13 * fri", "2024-03-08T01:00"),
        ("0 0 29 feb *", "2028-02-29T00:00"),
        ("5,10 2-4/2 1 jan,jul *", "2024-07-01T02:05"),
    ],
)
def test_the_next_run(cron: str, due: str) -> None:
    found = next_run(cron, "UTC", AFTER)
    assert found is not None and found.isoformat(timespec="minutes").startswith(due)


def test_the_wall_clock_of_the_zone_counts() -> None:
    found = next_run("0 1 * * *", "America/New_York", datetime(2024, 7, 1, 12, tzinfo=UTC))
    assert found is not None and found.astimezone(UTC).isoformat() == "2024-07-02T05:00:00+00:00"


def test_an_hour_that_the_clock_skips_is_passed_over() -> None:
    found = next_run("30 2 * * *", "America/New_York", datetime(2024, 3, 10, 5, tzinfo=UTC))
    assert found is not None and found.isoformat() == "2024-03-11T02:30:00-04:00"


def test_an_hour_that_comes_twice_counts_once() -> None:
    zone = "America/New_York"
    first = next_run("30 1 * * *", zone, datetime(2024, 11, 3, 4, tzinfo=UTC))
    assert first is not None and first.astimezone(UTC).hour == 5
    second = next_run("30 1 * * *", zone, first)
    assert second is not None and second.isoformat() == "2024-11-04T01:30:00-05:00"


def test_a_day_that_never_comes() -> None:
    assert next_run("0 0 30 2 *", "UTC", AFTER) is None


@pytest.mark.parametrize(
    "cron", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "5-1 * * * *", "*/0 * * * *",
             "x * * * *", "1- * * * *", "1/ * * * *", "* * * * funday"],
)  # fmt: skip
def test_what_is_no_schedule(cron: str) -> None:
    with pytest.raises(Fatal):
        parse_cron(cron)
