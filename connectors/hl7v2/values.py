"""Values of HL7 data types: times, numbers, codes, persons in charge (HL7 v2.9, chapter 2A)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from connectors.hl7v2.message import Components, Segment, part
from contracts.schemas.vocabularies import is_standard, vocabulary_of

_TIME = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_COMPARED = re.compile(rf"(<=|>=|<|>|=)\s*({_NUMBER.pattern})")
_BETWEEN = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(?:-|to)\s*([+-]?\d+(?:\.\d+)?)")
_CODE = re.compile(r"[^\s]{1,64}")
_NPI = "NPI"


@dataclass(frozen=True)
class Coded:
    """A coded value: `code` is verbatim; `display` are its words, `text` the words where there is no code."""

    system: str | None = None
    code: str | None = None
    display: str | None = None
    text: str | None = None

    def __bool__(self) -> bool:
        return bool(self.code or self.text)


NOTHING = Coded()


@lru_cache(maxsize=1 << 12)
def coded(components: Components, default: str | None = None) -> Coded:
    """A CE, CWE or CNE: its coding in a vocabulary with standard concepts, else in one of OMOP's, else its first.

    Args:
        components: of one repetition.
        default: the coding system where none is stated (the table that the field is bound to).
    """
    found = [_coding(components, start, default) for start in (1, 4, 10)]
    named = [one for one in found if one.code]
    original = part(components, 9)
    if not named:
        words = original or next((one.text for one in found if one.text), None)
        return Coded(text=words or None)
    best = max(named, key=_worth)  # the first of equals
    return best if best.display or not original else Coded(best.system, best.code, original)


def _worth(one: Coded) -> int:
    known = vocabulary_of(one.system or "")
    return 2 if is_standard(known) else 1 if known else 0


def _coding(components: Components, start: int, default: str | None) -> Coded:
    code, display, system = (part(components, start + i) for i in range(3))
    if not _CODE.fullmatch(code):
        return Coded(text=display or code or None)
    return Coded(vocabulary_of(system) or system or default, code, display or None)


def code_of(value: str) -> str | None:
    """The value where it can be a code: no white space, up to 64 characters."""
    return value if _CODE.fullmatch(value) else None


@lru_cache(maxsize=1 << 12)
def local_time(value: str, zone: str) -> str | None:
    """Local wall time of a TS or DTM, as precise as it is: `YYYY[-MM[-DD[THH:MM:SS]]]`.

    A value with an offset keeps the wall time that it states; one in UTC is brought into the source's `zone`; one
    without is in the source's zone. What is no time is passed on, cut to 19 characters, for cleaning to reject.
    """
    value = value.strip()
    if not value.strip("0"):
        return None
    found = _TIME.fullmatch(value)
    if not found:
        return value[:19]
    year, month, day, hour, minute, second, _, offset = found.groups()
    if hour is None:
        return "-".join(piece for piece in (year, month, day) if piece)
    wall = f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}"
    if offset in ("+0000", "-0000") and zone != "UTC":
        moment = _moment(wall)
        return (
            moment.replace(tzinfo=UTC).astimezone(_zone(zone)).strftime("%Y-%m-%dT%H:%M:%S")
            if moment
            else wall
        )
    return wall


@lru_cache(maxsize=1 << 12)
def instant(value: str, zone: str) -> str:
    """A time as UTC to the microsecond, in a form whose order is that of time; empty where it is none."""
    found = _TIME.fullmatch(value.strip())
    if not found:
        return ""
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    moment = _moment(f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}")
    if moment is None:
        return ""
    moment = moment.replace(tzinfo=_offset(offset) if offset else _zone(zone))
    try:
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{(fraction or '.').ljust(7, '0')}"
    except OverflowError:
        return ""


def _moment(wall: str) -> datetime | None:
    try:
        return datetime.fromisoformat(wall)
    except ValueError:
        return None


def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=min(minutes, 1439) * (-1 if text[0] == "-" else 1)))


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def with_time(value: str | None) -> str | None:
    """The value where it states a time of day."""
    return value if value and len(value) > 10 else None


def number(value: str) -> float | None:
    """A number, or None where it is none."""
    value = value.strip()
    return float(value) if _NUMBER.fullmatch(value) else None


def compared(value: str) -> tuple[str | None, float] | None:
    """Operator and number of a value such as `5.1`, `<5` or `>= 100`; None where it is neither."""
    value = value.strip()
    if _NUMBER.fullmatch(value):
        return None, float(value)
    found = _COMPARED.fullmatch(value)
    return (found[1], float(found[2])) if found else None


@lru_cache(maxsize=1 << 12)
def range_of(value: str) -> tuple[float | None, float | None]:
    """Low and high of a reference range such as `70-99`, `3.5 to 5.0`, `<5`, `>=60`; None where it has none."""
    value = value.strip()
    between = _BETWEEN.fullmatch(value)
    if between:
        low, high = float(between[1]), float(between[2])
        return (low, high) if low <= high else (None, None)
    found = _COMPARED.fullmatch(value)
    if not found or found[1] == "=":
        return None, None
    bound = float(found[2])
    return (None, bound) if found[1].startswith("<") else (bound, None)


def person_in_charge(segment: Segment, *fields: int) -> tuple[str, str, int] | None:
    """The first XCN among `fields` that has an id: its assigning authority, the id, and its field.

    A national number (XCN-13 `NPI`) is everywhere the same person's, whoever states it. Names are never read.
    """
    for field in fields:
        for repetition in segment.repetitions(field):
            found = part(repetition, 1)
            if found and code_of(found):
                national = part(repetition, 13).upper()
                stated = part(repetition, 9) or part(repetition, 9, 2)
                return _NPI if national == _NPI else stated, found, field
    return None
