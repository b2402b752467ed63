"""All the spellings under which one identifier could be written."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable

SHORTEST = 5
"""Identifiers of fewer characters say too little to be told from chance."""


def spell(kind: str, value: str) -> set[str]:
    """Spellings of one identifier, case-folded; each has at least `SHORTEST` characters."""
    if kind == "birth_date":
        found = set(spell_date(value))
    elif kind in ("ssn", "phone"):
        found = {value, *_spell_number(value)}
    elif kind.endswith("name_full"):
        found = set(_spell_name(value))
    elif kind == "resource_id" or re.fullmatch(
        r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value
    ):
        found = {value, value.replace("-", "")}
    else:
        found = {value}
    folded = {" ".join(text.casefold().split()) for text in found}
    folded |= {_plain(text) for text in folded if not text.isascii()}
    folded |= {unicodedata.normalize("NFD", text) for text in folded if not text.isascii()}
    return {text for text in folded if len(text) >= SHORTEST}


def spell_date(iso: str) -> Iterable[str]:
    """A date in the ways that people and programs write it (full dates only)."""
    day = datetime.date.fromisoformat(iso)
    y, m, d = f"{day.year:04d}", day.month, day.day
    yield f"{y}{m:02d}{d:02d}"
    for month, date in {(f"{m:02d}", f"{d:02d}"), (str(m), str(d))}:
        for mark in "-/.":
            yield from (mark.join((y, month, date)), mark.join((month, date, y)), mark.join((date, month, y)))
    for name in {day.strftime("%B"), day.strftime("%b")}:
        for date in {f"{d:02d}", str(d)}:
            yield from (
                f"{name} {date}, {y}",
                f"{name} {date} {y}",
                f"{date} {name} {y}",
                f"{date}-{name}-{y}",
            )
            yield from (f"{name}. {date}, {y}", f"{date}. {name} {y}")


def _spell_number(value: str) -> Iterable[str]:
    digits = re.sub(r"\D", "", value)
    yield digits
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
        yield digits
    cut = {9: (3, 5), 10: (3, 6)}.get(len(digits))
    if cut:
        parts = digits[: cut[0]], digits[cut[0] : cut[1]], digits[cut[1] :]
        yield from (mark.join(parts) for mark in "-. /")
        if len(digits) == 10:
            yield f"({parts[0]}) {parts[1]}-{parts[2]}"
            yield f"({parts[0]}){parts[1]}-{parts[2]}"


def _spell_name(value: str) -> Iterable[str]:
    """`value` is given and family names joined by a caret, family first, as in DICOM."""
    family, _, given = value.partition("^")
    for first in {given, given.split(" ")[0]}:
        yield from (f"{first} {family}", f"{family} {first}", f"{family}, {first}", f"{family},{first}")
        yield from (f"{family}^{first}", f"{first}_{family}", f"{family}_{first}", f"{first}.{family}")


def _plain(text: str) -> str:
    """Without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
