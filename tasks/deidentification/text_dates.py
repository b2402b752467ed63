"""Dates in running text: found in their usual spellings, shifted in the same spelling, or cut to their year.

Slashed and dashed dates are read month first (US), dotted ones day first, unless only the other order is
possible. Bare years stay: a year alone may remain under both profiles. A day and month without a year can't
be shifted and is replaced by a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = ["january", "february", "march", "april", "may", "june"]
_MONTHS += ["july", "august", "september", "october", "november", "december"]
_MONTH_OF = {name[:3]: i + 1 for i, name in enumerate(_MONTHS)}
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_FULL = frozenset([*_MONTHS, *_DAYS])
_MON = (
    r"(?P<mon>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
)
_MON += r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_WEEKDAY = r"(?:(?P<wd>mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|"
_WEEKDAY += r"sun(?:day)?)(?P<wdsep>\.?,?\s+))?"
_DAY = r"(?P<d>0?[1-9]|[12]\d|3[01])(?P<ord>st|nd|rd|th)?"
_YEAR = r"(?P<y>(?:1[6-9]|20|21)\d\d)"
_TIME = r"(?P<time>t\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?)?"
_BEFORE, _AFTER = r"(?<![^\W_])", r"(?![^\W_])"
_S = r"[\s\u00a0]+"
_RANGE = r"(?:\s*(?:-|\u2013|to|through|and)\s*)"

_AMOUNT = (
    r"\.\d|(?:\s*(?:-|\u2013|to|or)\s*\d+(?:\.\d+)?)?\s*-?(?:%|(?:mg|ml|mcg|g|kg|cc|cm|mm|units?|u|tabs?|tablets?|"
    r"capsules?|"
    r"puffs?|drops?|sprays?|times?|x|hours?|hrs?|h|days?|weeks?|months?|years?|minutes?|doses?|feet|steps?|pounds|"
    r"lbs?)\b)"
)
"""What follows a number that is an amount: "may 3-5 mg" is no day of May."""

_CHAIN = r"(?<!\d[./])(?<!\d-(?=\d\d?-))"  # no piece of a longer number: 1.2.3.2020, 555-1-2-2020

_NUMERIC = re.compile(
    r"(?=\d)(?<!\d)(?:"  # cheap, and fails at nearly every place of a text
    rf"(?<!\d\.){_YEAR}(?P<s>[-/.])(?P<m>\d\d?)(?P=s)(?P<d>\d\d?)(?!\d){_TIME}"
    rf"|(?P<y2>(?:19|20)\d\d)(?P<m2>0[1-9]|1[0-2])(?P<d2>0[1-9]|[12]\d|3[01])"
    rf"(?P<t2>t?(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?(?!\d)"
    rf"|{_CHAIN}(?P<a>\d\d?)(?P<s3>\s?[/.\-]\s?)(?P<b>\d\d?)(?P=s3)"
    rf"(?P<y3>(?:1[6-9]|20|21)\d\d(?!\d)|\d\d(?!\d|[./]\d|-(?!\d\d?/)\d))"
    rf"|{_CHAIN}(?<![^\W_])(?P<y4>(?:1[89]|20)\d\d)-(?P<m4>0[1-9]|1[0-2]){_AFTER}(?!-\d)"
    rf"|{_CHAIN}(?P<m5>0?[1-9]|1[0-2])[/\-](?P<y5>(?:1[89]|20)\d\d)(?!\d)"
    rf"|{_CHAIN}(?P<part>(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01]))(?={_RANGE}\d\d?/\d\d?/\d\d)"
    r")"
)
_SHORT_DAY = re.compile(
    rf"\d(?<![\d/.\-].)\d?(?<![03]0)/(?:0?[1-9]|[12]\d|3[01]){_AFTER}(?![/\d]|\.\d|-\d)",
    re.DOTALL,
)
_CUES = (
    r"on|since|dated?|until|till|seen|admitted|discharged|dc'?d|d/c'?d|appointment|appt|scheduled|f/u|follow-?up|"
    r"surgery|due|through|thru|from|by|last|started|begun|performed|done|taken|drawn|collected|reported|transferred|"
    r"as of|effective|visit|adm|dos|doa|dod|"
    r"recheck|repeat|labs?|inr|cbc|bmp|echo|mri|ct|cxr|ekg|x-?ray|again|next|this|"
    r"hospital|clinic|center|dose|booster|vaccine|"
    r"onset|lmp|tte|tee|egd|cath|clinic|op|fall|procedure|culture|cultures|films?|study|scan|biopsy|extubated|"
    r"intubated|"
    r"returns?|until|staples out|sutures out|w/\s?me|with me|by (?:dr\.? )?[a-z'-]{2,16}|w/ (?:dr\.? )?[a-z'-]{2,16}|"
    r"(?:moved|changed|rescheduled) from [^.\n]{3,26} to|(?:death|birthday|anniversary|appointment|visit|surgery) is|"
    r"implanted|placed|"
    r"(?:admitted|transferred|discharged|moved) to [^.\n]{2,20}|"
    r"died|expired|passed|deceased|addendum|amended|anointed|sent|received|faxed|mailed|given|signed|renewed|expires?|"
    r"eff|rescheduled|cancell?ed|no-?showed|resumed|stopped|removed|inserted|changed|pulled|swab|nares|"
    r"week of|before|after"
)
_CUE = re.compile(rf"\b(?:{_CUES})(?:\s+(?:on|for|at|of))?:?\s+$")
_DAY_BEFORE = re.compile(
    r"(?<![^\W_])(?:mon|tue|tues|wed|wednes|thu|thurs?|fri|sat|satur|sun)(?:day)?\.?,?\s$"
)
_CLOCK = re.compile(r",?\s+(?:at\s+|@\s*)?\d\d?:\d\d(?!\d)|\s+(?:at\s+|@\s*)\d{4}(?!\d)")
_SCORE = re.compile(
    r"\b(?:pain|score|scored|gcs|mmse|moca|phq-?9?|gad-?7?|scale|strength|motor|murmur|grade|acuity|vision|va|"
    r"od|os|ou|"
    r"rated?|slums|audit|edss|apgars?|braden|morse|nrs|vas|epworth|tinetti|berg|wells|is|was|of|to|about|bp|sats?|"
    r"i/o)\s*:?\s*(?:is|was|of)?\s*$"
)
_DATED = re.compile(rf"\b(?:dob|d\.o\.b\.?|born|birth|date|date of \w+|admi\w*|disch\w*|{_CUES})\s*:?\s*\(?$")
_VERSION = re.compile(r"\b(?:v|ver\.?|version|release|section|chapter|build|§)\s*$")
_OF = re.compile(
    r"\s*(?:pain|strength|mg|ml|inch|in\b|\"|cm|mm|tab|tablet|%|hpf|points?|negative|positive|dose|cup|murmur)"
)
_MONTH_ANY = re.compile("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec")
_DIGIT = re.compile(r"\d")
_MONTH_FIRST = re.compile(
    rf"{_BEFORE}{_WEEKDAY}{_MON}(?P<dot>\.?)(?:"
    rf"(?P<g1>{_S}|-|{_S}the{_S}){_DAY}(?P<g2>\s*,\s*|{_S}|-){_YEAR}{_AFTER}"
    rf"|(?P<g3>,?{_S}|-|/|{_S}of{_S})(?P<y6>(?:1[6-9]|20|21)\d\d){_AFTER}"
    rf"|(?P<g4>{_S}|-)['\u2019](?P<y7>\d\d){_AFTER}"
    rf"|{_S}(?P<alone>(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?){_AFTER}(?!{_AMOUNT}))"
)
_DAY_FIRST = re.compile(
    rf"{_BEFORE}{_WEEKDAY}{_DAY}(?P<g1>{_S}of{_S}|{_S}|-|\.[ ]?|/)?{_MON}(?P<dot>\.?)(?:"
    rf"(?P<g2>,?{_S}|-|/)?(?P<y>(?:1[6-9]|20|21)\d\d|(?<=[-/])\d\d|(?<=[a-z])\d\d(?<!\d\d\d)){_AFTER}|"
    rf"(?P<alone>){_AFTER})"
)
_YEAR_FIRST = re.compile(rf"{_BEFORE}{_YEAR}(?P<g1>{_S}|-|/){_MON}(?P<dot>\.?)(?P<g2>{_S}|-|/){_DAY}{_AFTER}")


@dataclass(frozen=True)
class Found:
    """A date in text: where, its day (None where it can't be told) and how to spell another day in the same
    way."""

    start: int
    end: int
    day: date | None
    spell: Callable[[date], str]


def find_dates(text: str, folded: str) -> Iterator[Found]:
    """All dates in `text`; `folded` is the same text in lower case without accents, of the same length."""
    for found in _NUMERIC.finditer(folded):
        numeric = _numeric(found)
        if numeric:
            yield numeric
    if "/" in folded:
        for found in _SHORT_DAY.finditer(folded):
            start, end = found.span()
            weekday = _DAY_BEFORE.search(folded, max(0, start - 12), start)
            if weekday or _is_short_day(folded, start, end):
                yield Found(weekday.start() if weekday else start, end, None, _unspelled)
    if _may_word(folded):
        for pattern in (_YEAR_FIRST, _MONTH_FIRST, _DAY_FIRST):
            for found in pattern.finditer(folded):
                worded = _worded(found, text)
                if worded:
                    yield worded


def _is_short_day(folded: str, start: int, end: int) -> bool:
    """Whether "9/22" is a day: by the word before, or since few scores go to more than 12, and those say so."""
    month, _, day = folded[start:end].partition("/")
    if not 1 <= int(month) <= 12:
        return False
    if (
        "0" in {month[0], day[0]}
        or _CLOCK.match(folded, end)
        or _CUE.search(folded, max(0, start - 48), start)
    ):
        return True
    is_score = _SCORE.search(folded, max(0, start - 24), start) or _OF.match(folded, end)
    return int(day) > 12 and not is_score


def _may_word(folded: str) -> bool:
    """Whether the name of a month stands near a number: a look that costs less than the grammar."""
    return any(
        _DIGIT.search(folded, max(0, m.start() - 9), m.end() + 18) is not None
        for m in _MONTH_ANY.finditer(folded)
    )


def _unspelled(_day: date) -> str:
    raise AssertionError("a date without its day is never spelled")


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _padded(number: int, like: str) -> str:
    return f"{number:02d}" if len(like) == 2 else str(number)


def _numeric(found: re.Match[str]) -> Found | None:
    g = found.groupdict()
    start, end = found.span()
    if g["part"]:
        return Found(start, end, None, _unspelled)
    if g["y"]:
        sep, month, mday, time = g["s"], g["m"], g["d"], (g["time"] or "").upper()
        day = _make(int(g["y"]), int(month), int(mday)) or _make(int(g["y"]), int(mday), int(month))
        return Found(
            start,
            end,
            day,
            lambda x: f"{x:%Y}{sep}{_padded(x.month, month)}{sep}{_padded(x.day, mday)}{_local(time)}",
        )
    if g["y2"]:
        time = (g["t2"] or "").upper()
        return Found(
            start, end, _make(int(g["y2"]), int(g["m2"]), int(g["d2"])), lambda x: f"{x:%Y%m%d}{time}"
        )
    if g["y4"]:
        return Found(start, end, _make(int(g["y4"]), int(g["m4"]), 1), lambda x: f"{x:%Y-%m}")
    if g["y5"]:
        like, sep = g["m5"], found.group()[len(g["m5"])]
        return Found(
            start, end, _make(int(g["y5"]), int(like), 1), lambda x: f"{_padded(x.month, like)}{sep}{x:%Y}"
        )
    around = found.string[max(0, start - 24) : start]
    is_told = (
        int(g["b"]) > 12
        or g["y3"][0] == "0"
        or (int(g["a"]) <= 12 < int(g["y3"]) and not _VERSION.search(around))
        or _DATED.search(around) is not None
    )
    return _triple(start, end, g["a"], g["s3"], g["b"], g["y3"], is_told=is_told)


def _local(time: str) -> str:
    return re.sub(r"(?:Z|[+-]\d\d:?\d\d)$", "", time) if time else ""


def _triple(
    start: int, end: int, first: str, sep: str, second: str, year: str, *, is_told: bool
) -> Found | None:
    full, short, dotted = _full_year(year), len(year) == 2, "." in sep
    month_first = _make(full, int(first), int(second))
    day_first = _make(full, int(second), int(first))
    if short and (
        not (month_first or day_first)
        or len(sep) > 1
        or (dotted and len(first) + len(second) < 4 and not is_told)
    ):
        return None  # a score, a version or a list
    is_day_first = (dotted and day_first is not None) or month_first is None

    def spell(x: date) -> str:
        a, b = (x.day, x.month) if is_day_first else (x.month, x.day)
        return f"{_padded(a, first)}{sep}{_padded(b, second)}{sep}{x:%y}" if short else _long(a, b, x)

    def _long(a: int, b: int, x: date) -> str:
        return f"{_padded(a, first)}{sep}{_padded(b, second)}{sep}{x.year:04d}"

    return Found(start, end, day_first if is_day_first else month_first, spell)


def _full_year(year: str) -> int:
    """Two digits mean the hundred years up to 2029: the century is only used to count days over leap
    years."""
    return int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 30 else 1900)


def _like(word: str, name: str) -> str:
    """`name` in the case and length (full or three letters) of `word`."""
    chosen = name if word.lower() in _FULL else name[:3]
    return (
        chosen.upper()
        if word.isupper() and len(word) > 1
        else chosen.capitalize()
        if word[0].isupper()
        else chosen
    )


def _ordinal(day: int) -> str:
    return "th" if 10 < day % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _worded(found: re.Match[str], text: str) -> Found | None:
    g = found.groupdict()
    start, end = found.span()
    word = text[slice(*found.span("mon"))]
    if (
        g.get("alone") is not None
    ):  # "May 21", "21 May": only a capitalised month, or one that is no other word
        if word[0].islower() and word.lower() in {"may", "mar", "march", "sep", "dec", "jan", "sat"}:
            return None
        return Found(start, end, None, _unspelled)
    month = _MONTH_OF[g["mon"][:3]]
    year = g.get("y") or g.get("y6") or g.get("y7") or ""
    day_text = g.get("d") or ""
    day = _make(_full_year(year), month, int(day_text or 1))
    is_dashed = len(day_text) == 2 and "-" in found.group()
    ordinal = text[slice(*found.span("ord"))] if g.get("ord") else ""
    weekday = text[slice(*found.span("wd"))] if g.get("wd") else ""

    def spell(x: date) -> str:
        # A piece keeps its text; only weekday, day, ordinal, month and year are written anew.
        new = {
            "wd": _like(weekday, _DAYS[x.weekday()]) if weekday else "",
            "mon": _like(word, _MONTHS[x.month - 1]),
            "d": f"{x.day:02d}" if day_text[:1] == "0" or is_dashed else str(x.day),
            "ord": _ordinal(x.day).upper() if ordinal.isupper() else _ordinal(x.day),
            "y": f"{x:%Y}" if len(year) == 4 else f"{x:%y}",
        }
        new["y6"] = new["y7"] = new["y"]
        spans = sorted((found.span(n), v) for n, v in new.items() if g.get(n))
        out, at = [], start
        for (a, b), value in spans:
            out += [text[at:a], value]
            at = b
        return "".join([*out, text[at:end]])

    return Found(start, end, day, spell)
