"""When a cron schedule is due next: five fields, as crontab(5) has them, on the wall clock of a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.errors import Fatal

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_NAMES = {
    "month": "jan feb mar apr may jun jul aug sep oct nov dec".split(),
    "weekday": "sun mon tue wed thu fri sat".split(),
}
_DAYS_AHEAD = 366 * 8
"""February 29 may be eight years away."""


def next_run(cron: str, zone: str, after: datetime | None = None) -> datetime | None:
    """The first moment after `after` (now where None) that the schedule names; None if it names none.

    A wall time that the clock skips in spring is passed over; one that comes twice in autumn counts once.

    Raises:
        Fatal: not five fields, or a value out of its range.
    """
    minutes, hours, days, months, weekdays = parse_cron(cron)
    begin = (after or datetime.now(UTC)).astimezone(ZoneInfo(zone))
    day_field, weekday_field = cron.split()[2], cron.split()[4]
    for offset in range(_DAYS_AHEAD):
        day = begin.date() + timedelta(days=offset)
        by_day, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        # crontab(5): where both day fields are restricted, either suffices
        either = not day_field.startswith("*") and not weekday_field.startswith("*")
        if day.month not in months or not (by_day or by_weekday if either else by_day and by_weekday):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))
                exists = moment.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(fold=0) == moment
                if exists and moment.astimezone(UTC) > begin.astimezone(UTC):
                    return moment
    return None


def parse_cron(cron: str) -> tuple[set[int], set[int], set[int], set[int], set[int]]:
    """The values of each field: minutes, hours, days of the month, months, weekdays (0 is Sunday).

    Raises:
        Fatal: not five fields, or a value out of its range; says which field.
    """
    words = cron.split()
    if len(words) != len(_FIELDS):
        raise Fatal(
            f"a schedule has {len(_FIELDS)} fields, not {len(words)}", "schedule.cron", "such as 0 1 * * *"
        )
    found = [_field(word, *field) for word, field in zip(words, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = found
    return minutes, hours, days, months, {day % 7 for day in weekdays}


def _field(word: str, name: str, low: int, high: int) -> set[int]:
    values: set[int] = set()
    for piece in word.lower().split(","):
        span, _, step = piece.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            begin, end = low, high
        else:
            begin = _value(first, name, low, high)
            end = _value(last, name, low, high) if last else (high if step else begin)
        width = _value(step, name, 1, high) if step else 1
        if end < begin or (piece.endswith("/") or span.endswith("-")):
            raise _wrong(name, word, low, high)
        values.update(range(begin, end + 1, width))
    return values


def _value(text: str, name: str, low: int, high: int) -> int:
    names = _NAMES.get(name, [])
    value = (
        names.index(text) + low if text in names else int(text) if text.isascii() and text.isdigit() else -1
    )
    if not low <= value <= high:
        raise _wrong(name, text, low, high)
    return value


def _wrong(name: str, text: str, low: int, high: int) -> Fatal:
    return Fatal(
        f"{text!r} is no {name}",
        "schedule.cron",
        f"{low} to {high}, *, lists (1,2), ranges (1-5), steps (*/5)",
    )
