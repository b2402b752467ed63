"""A person's traits as patterns over folded text, and the folding itself."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from tasks.deidentification.dates import parse_date
from tasks.deidentification.writing import LOOKALIKES, compose

START, END = r"(?<![^\W_])", r"(?![^\W_])"
"""Borders of a token: letters and digits belong to it, an underscore does not ("Garcia_Maria.txt")."""

LONG = 4
"""Letters that a name part needs to be told with a suffix ("Garcias") or across a line break."""

BREAK = re.compile(r"(?<=[^\W\d_])(?:[-\u2010\u2011][ \t]*\r?\n[ \t]*|[\u00ad\u200b\u2060]\s*)(?=[^\W\d_])")
"""Where a word is broken at the end of a line, or by a character that does not show."""

_LINE_END = r"-[ \t]*\r?\n"
_BREAKERS = re.compile(rf"{_LINE_END}|[\u00ad\u2010\u2011\u200b\u2060]")
_HONORIFICS = frozenset({*"mr mrs ms miss dr prof sir jr sr".split(), *"ii iii iv md phd rn esq".split()})
_STREETS = (
    "street st|avenue ave av|road rd|lane ln|drive dr|boulevard blvd|court ct|place pl|apartment apt|suite ste|"
    "north n|south s|east e|west w|highway hwy|parkway pkwy|square sq|terrace ter|circle cir|trail trl|unit u|"
    "junction jct|crossing xing|center ctr|landing lndg|mount mt|saint st|fort ft|way wy"
)
_GAP = r"[ \t\r\n().\-/\u2010-\u2015+_]{0,3}"
_MARKS = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "oe",
    "å": "aa",
    "þ": "th",
    "ð": "d",
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
}


class _Folding(dict[int, str]):
    """Maps every character to one character: lower case, without accents; the text keeps its length."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        base = "".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c)).lower()
        special = {
            "ø": "o",
            "Ø": "o",
            "ł": "l",
            "Ł": "l",
            "đ": "d",
            "Đ": "d",
            "ı": "i",
            "İ": "i",
            "’": "'",
            "ʼ": "'",
        } | LOOKALIKES
        folded = special.get(char) or (base if len(base) == 1 else char)
        self[code] = folded
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Lower case without accents, the same length as the composed text: offsets hold."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def may_break(text: str) -> bool:
    """Whether a word could be broken in the text: a cheap look before `BREAK`, which looks at every letter."""
    return (re.search(_LINE_END, text) if text.isascii() else _BREAKERS.search(text)) is not None


def joined_lines(text: str) -> str | None:
    """The text with its words whole that were broken at the end of a line; None where none was."""
    return BREAK.sub("", text) if may_break(text) and BREAK.search(text) else None


@lru_cache(maxsize=1)
def ordinary_words() -> Mapping[str, str]:
    """Ordinary words and particles that are parts of names: word -> kind, from `ordinary_words.csv`."""
    text = (files(__package__) / "ordinary_words.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    found: dict[str, str] = {}
    for row in rows:
        for word in row["words"].split():
            found.setdefault(word, row["kind"])
    return found


def spellings(name: str) -> set[str]:
    """Folded spellings of a name part: without accents, and with letters written out (Müller: muller,
    mueller)."""
    low = compose(name).lower()
    written = "".join(_MARKS.get(c, c) for c in low)
    return {fold(low), fold(written)}


def name_parts(values: Iterable[str]) -> set[str]:
    """Folded parts of names, of two letters or more; the digits that generators append are left off."""
    found: set[str] = set()
    for value in values:
        for spelled in spellings(value):
            words = re.split(r"[\s,;^=~|/()\"\d.]+", spelled)
            for word in words:
                hyphened = re.split(r"[-_\u2010-\u2015]+", word)
                wholes = {piece.strip("'") for piece in (word.strip("-_"), *hyphened)}
                parts = {part for whole in wholes for part in [*whole.split("'"), re.sub(r"\W|_", "", whole)]}
                found.update(p for p in wholes | parts if len(p) >= 2 and p not in _HONORIFICS)
    return found


def initials(values: Iterable[str]) -> set[str]:
    """First letters of a person's name parts, folded."""
    return {part[0] for part in name_parts(values)}


def name_pattern(parts: Iterable[str]) -> str:
    """Any of the parts, longest first, with or without a generator's digits; apostrophes as typed or left
    out."""
    ordered = sorted(set(parts), key=lambda part: (-len(part), part))
    longer = [part for part in ordered if len(part) >= LONG]
    shorter = _spelled(part for part in ordered if len(part) < LONG)
    kinds = [rf"(?:{_spelled(longer)})(?P<suffix>e?s)?\d{{0,4}}"] if longer else []
    return "|".join([*kinds, rf"(?:{shorter})\d{{0,4}}"] if shorter else kinds).join(("(?:", ")"))


def _spelled(parts: Iterable[str]) -> str:
    # A separator inside a part ("o'brien", "smith-jones") may be typed as another, or not at all.
    return "|".join(
        r"['\s\-\u2010-\u2015]?".join(map(re.escape, re.split(r"['\-\u2010-\u2015]", p))) for p in parts
    )


def identifier_pattern(value: str) -> str | None:
    """An identifier with its separators as typed, as others, or none; None where it is too short to be
    told."""
    runs = re.findall(r"[^\W_]+", fold(compose(value)))
    plain = "".join(runs)
    if len(plain) < 4:
        return None
    if plain.isdecimal() and len(plain) >= 7:
        stripped = plain.lstrip("0")
        if len(stripped) >= 4:
            return "0*" + _GAP.join(stripped)
    if len(runs) == 1 and plain.isdecimal():
        stripped = plain.lstrip("0")
        return f"0*{stripped}" if len(stripped) >= 4 else re.escape(plain)
    return r"[\W_]{0,2}".join(map(re.escape, runs))


def phone_patterns(value: str) -> list[str]:
    """A phone number in any punctuation, with and without country code, and its local part."""
    digits = re.sub(r"\D", "", re.split(r"(?i)x|ext", value)[0])
    if len(digits) < 7:
        return []
    national = digits[-10:] if len(digits) >= 10 else digits
    found = [r"(?:\+\d{1,3}" + _GAP + r"|(?<!\d[.\-/])1[ .\-(]{0,2}|0)?" + _GAP.join(national)]
    if len(digits) > 10 and not digits.startswith("1"):
        found.append(_GAP.join(digits))
        found.append("0?" + _GAP.join(digits[-9:]))
    if len(national) == 10:
        found.append(_GAP.join(national[3:6]) + r"[ .\-\u2010-\u2015]" + _GAP.join(national[6:]))
    return found


def joined(patterns: Mapping[str, str]) -> str:
    """Patterns by group name as one: whole tokens, and long numbers, which may stick to letters ("MRN1234567")."""
    tokens: list[str] = []
    numbers: list[str] = []
    for name, pattern in patterns.items():
        (numbers if _is_long_number(pattern) else tokens).append(f"(?P<{name}>{pattern})")
    # One border for all of a kind: tried once at each place of a text, not once for each pattern.
    kinds = [rf"(?=[\d+])(?<!\d)(?:{'|'.join(numbers)})(?!\d)"] if numbers else []
    return "|".join([*kinds, f"{START}(?:{'|'.join(tokens)}){END}"] if tokens else kinds)


def address_hint(value: str) -> str:
    """A word, without separators, that every match of the line's `address_pattern` holds; empty where there is none."""
    words = re.findall(r"[^\W_]+", fold(compose(value)))
    if len(words) > 2 and words[0][0].isdecimal():
        return str(words[0])
    return max((str(word) for word in words if word not in _street_words()), key=len, default="")


def _is_long_number(pattern: str) -> bool:
    bare = re.sub(r"\{[^}]*\}|\\u\d{4}", "", pattern)
    return len(re.findall(r"\d", bare)) >= 7 and not re.search("[a-z]{2}", pattern)


@lru_cache(maxsize=1)
def _street_words() -> Mapping[str, str]:
    groups = (group.split() for group in _STREETS.split("|"))
    return {word: "(?:" + "|".join(group) + ")" for group in groups for word in group}


def address_pattern(value: str) -> str | None:
    """An address line with its usual abbreviations; house number and first word of the street suffice."""
    words = re.findall(r"[^\W_]+", fold(compose(value)))
    if not words or (len(words) == 1 and (len(words[0]) < 3 or words[0] in _COUNTRIES)):
        return None
    spelled = [_street_words().get(word, re.escape(word)) for word in words]
    gap = r"[\W_]{1,3}"
    if len(words) > 2 and words[0][0].isdecimal():
        first = 3 if words[1] in _street_words() else 2  # "12 N Main St": the first word that tells
        return gap.join(spelled[:first]) + "".join(rf"(?:{gap}{word})?" for word in spelled[first:])
    return gap.join(spelled)


_COUNTRIES = frozenset({"usa", "united", "states", "street", "unit"})


def zip_pattern(value: str) -> str | None:
    """A postal code with or without its four-digit extension."""
    digits = re.sub(r"\D", "", value)
    if len(digits) in {5, 9}:
        return rf"{digits[:5]}(?:-?\d{{4}})?"
    return identifier_pattern(value)


def compact_date_patterns(value: str) -> list[str]:
    """Spellings of a known date without separators (05211927, 21051927, 052127), which no grammar tells
    alone."""
    day = parse_date(value)
    if day is None or len(value.strip()) < 8:
        return []
    return [day.strftime(f) for f in ("%m%d%Y", "%d%m%Y", "%m%d%y", "%d%m%y", "%y%m%d")]


def loose_date_pattern(value: str) -> str | None:
    """A known date with any separators, in any order, with its month in any language ("29 de febrero de 1980")."""
    day = parse_date(value)
    if day is None or len(value.strip()) < 8:
        return None
    year, month, number = rf"'?(?:{day.year // 100})?{day.year % 100:02d}", f"0?{day.month}", f"0?{day.day}"
    gap, word = (
        r"[\W_\u5e74\u6708\u65e5]{1,3}",
        r"(?:(?:de|del|of|the|den|le)\s+)?[^\W\d_]{3,10}\.?(?:\s+(?:de|del|of))?",
    )
    ordinal = rf"{number}(?:st|nd|rd|th|er|\.)?"
    orders = [(year, month, number), (month, number, year), (number, month, year), (ordinal, word, year)]
    orders.append((word, ordinal, year))
    return r"(?<!\d)(?:" + "|".join(gap.join(order) for order in orders) + r")(?!\d)"
