"""Dates and times as files write them, to ISO strings in the source's wall time. Nothing is guessed.

A moment becomes two strings: its date, as precise as it is stated (`YYYY`, `YYYY-MM`, `YYYY-MM-DD`), and its date-time
(`YYYY-MM-DDTHH:MM:SS`) where a time of day is stated. A time with an offset or `Z` is brought to the source's zone, so
that an export in UTC moves no midnight admission; a time without one is wall time already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from contracts.errors import Fatal

ISO = "ISO"
"""ISO 8601: `2023-05-04`, `2023-05`, `2023`, `2023-05-04T10:00[:00[.000]][Z|+02:00]`, or a space in place of the T."""

Moment = tuple[str | None, str | None]
Reader = Callable[[str], Moment | None]
"""Reads one text; None where it is no moment as declared."""

_ISO = re.compile(
    r"(?P<YYYY>\d{4})(?:-(?P<MM>\d\d)(?:-(?P<DD>\d\d)"
    r"(?:[T ](?P<HH>\d\d):(?P<mm>\d\d)(?::(?P<SS>\d\d)(?:\.\d+)?)?\s?(?P<zone>Z|[+-]\d\d:?\d\d)?)?)?)?"
)
_TOKENS = {
    "YYYY": r"(?P<YYYY>\d{4})",
    "MON": r"(?P<MON>[A-Za-z]{3})",
    "MM": r"(?P<MM>\d{1,2})",
    "DD": r"(?P<DD>\d{1,2})",
    "HH": r"(?P<HH>\d{1,2})",
    "mm": r"(?P<mm>\d{2})",
    "SS": r"(?P<SS>\d{2})",
    "fff": r"\d{1,9}",
}
_TOKEN = re.compile("|".join(_TOKENS))
_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
LEGAL = "YYYY, MM or MON, DD, HH, mm, SS, fff and what stands between them, as DD.MM.YYYY HH:mm; or ISO"


def zone_of(name: str) -> ZoneInfo:
    """The source's time zone."""
    return ZoneInfo(name)


def moment_reader(formats: Iterable[str], zone: ZoneInfo) -> Reader:
    """A reader of moments in any of the declared formats, tried in their order.

    Raises:
        Fatal: a format is none, or two of them would read one text as different days (day first and month first).
    """
    patterns = [compile_format(form) for form in formats]
    _refuse_ambiguity(patterns)

    def read(text: str) -> Moment | None:
        for pattern in patterns:
            found = pattern.fullmatch(text)
            if found:
                return _moment(found.groupdict(), zone)
        return None

    return read


def compile_format(form: str) -> re.Pattern[str]:
    """The pattern of a declared format.

    Raises:
        Fatal: it holds no year, the same part twice, or a part that needs another (minutes without hours).
    """
    if form.upper() == ISO:
        return _ISO
    parts = _TOKEN.findall(form)
    names = set(parts)
    needs = {"DD": {"MM", "MON"}, "HH": {"DD"}, "mm": {"HH"}, "SS": {"mm"}, "fff": {"SS"}}
    broken = len(names) < len(parts) or "YYYY" not in names or {"MM", "MON"} <= names
    if broken or any(name in names and not names & wanted for name, wanted in needs.items()):
        raise Fatal("this is no format of dates", f"format {form!r}", LEGAL)
    pattern, last = "", 0
    tokens = list(_TOKEN.finditer(form))
    for token in tokens:
        beside = any(token.start() == other.end() or token.end() == other.start() for other in tokens)
        found = _TOKENS[token[0]].replace("{1,2}", "{2}") if beside else _TOKENS[token[0]]
        pattern += re.escape(form[last : token.start()]) + found
        last = token.end()
    return re.compile(pattern + re.escape(form[last:]))


def _refuse_ambiguity(patterns: list[re.Pattern[str]]) -> None:
    samples = ("01{0}02{0}2003", "2003{0}01{0}02")
    for mark in ("", *"./- "):
        for sample in (s.format(mark) for s in samples):
            days = {
                (m.groupdict().get("MM"), m.groupdict().get("DD"))
                for m in (p.fullmatch(sample) for p in patterns)
                if m
            }
            if len(days) > 1:
                fix = "one of them alone: is the day written first, or the month?"
                raise Fatal("two formats read one date differently", "dates", fix)


def _moment(parts: dict[str, str | None], zone: ZoneInfo) -> Moment | None:
    year, named = int(parts["YYYY"] or 0), parts.get("MON")
    month = _MONTHS.get(named.lower()) if named else int(parts.get("MM") or 0) or None
    if month is None and (named or parts.get("MM")):
        return None
    day = parts.get("DD")
    hour, minute, second = (int(parts.get(part) or 0) for part in ("HH", "mm", "SS"))
    try:
        whole = datetime(year, month or 1, int(day or 1), hour, minute, second)
    except ValueError:
        return None
    if not parts.get("HH"):
        return f"{year:04d}" + (f"-{month:02d}" if month else "") + (f"-{whole.day:02d}" if day else ""), None
    if parts.get("zone"):
        try:
            whole = _to_zone(whole, str(parts["zone"]), zone)
        except (ValueError, OverflowError):
            return None
    text = whole.isoformat()
    return text[:10], text


def _to_zone(moment: datetime, offset: str, zone: ZoneInfo) -> datetime:
    if offset == "Z":
        shift = timedelta()
    else:
        digits = offset[1:].replace(":", "")
        shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if offset[0] == "-" else 1)
    return moment.replace(tzinfo=timezone(shift)).astimezone(zone).replace(tzinfo=None)
