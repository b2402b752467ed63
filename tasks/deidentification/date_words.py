"""Parts of dates that are written as words: months and days of the week alone, seasons, holidays.

None of them can be shifted. Under `safe_harbor` all of them go, since every element of a date but the year does.
Under `expert` what tells a day without its year goes (a holiday: it would betray the shift beside a shifted date);
months and days of the week alone stay.
"""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_SHORT = "jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec"
_CUE = (
    r"in|since|until|till|by|of|last|this|next|early|mid|late|from|to|through|during|before|after|around|end of|"
    r"beginning of|middle of|every|each|and|or|between|rtc|return|shot|vaccine|peaked|recheck|f/u|follow-?up|appt|due|"
    r"started|stopped|renewed|expires?|expired|died|onset|lmp|mammo|colonoscopy|visit|booster"
)
_NUMBERED = r"\s+\d|[-/]\d"
_MONTH = re.compile(rf"\b(?:{_CUE})[\s-]+(?P<m>(?:{_MONTHS}|{_SHORT})\.?)(?!\w|\s+\d|[-/]\d)")
_ALWAYS = re.compile(
    rf"(?=[A-Z])\b(?P<m>January|February|April|June|July|August|September|October|November|December|Feb|Apr|Aug|"
    rf"Sept|Sep|Oct|"
    rf"Nov|Dec|(?<=[a-z] )March(?=[;,.)]))\b(?!\.?{_NUMBERED})"
)
"""Capitalised months that are no other word, whatever stands before them."""
_DAY = re.compile(
    r"(?<![^\W_])(?P<d>(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:tue|tues|thu|thur|thurs)(?=\s+\d))s?(?![^\W_])"
)
_SEASON = re.compile(
    r"\b(?P<s>(?:(?:early|mid|late)[\s-]*)?(?:spring|summer|fall|autumn|winter|q[1-4]|[1-4](?:st|nd|rd|th) quarter))"
    r"(?:\s+of)?\s+(?P<y>(?:19|20)\d\d)(?!\d)"
)
_HOLIDAY = re.compile(
    r"\b(?:(?:on|since|after|before|around|until|during|over|past|last|this|by|for|at|the day after|"
    r"at)\s+(?:the\s+)?)?"
    r"(?P<h>thanksgiving(?: day)?|christmas(?: day| eve)?|new year'?s(?: day| eve)?|easter(?: sunday| monday)?|"
    r"fourth of july|4th of july|july 4th|independence day|memorial day|labor day|halloween|valentine'?s day|"
    r"mother'?s day|father'?s day|veterans day|columbus day|presidents'? day|st\.? patrick'?s day|hanukkah|ramadan|"
    r"passover|good friday|mlk day|juneteenth|diwali|yom kippur|rosh hashanah|ash wednesday|palm sunday|eid(?: "
    r"al-fitr| al-adha)?|kwanzaa|"
    r"super bowl(?: sunday)?|cinco de mayo|lunar new year|chinese new year|groundhog day|boxing day|election day|"
    r"flag day|holy week|lent|mardi gras|indigenous peoples'? day)(?!\w)(?!\s+(?:tree|disease))"
)
_HOLIDAYS = (
    "thanksg|christmas|new year|easter|of july|july 4|ence day|ial day|or day|hallow|valent|er's day|ers day|ans day|"
    "bus day|ents day|ents' day|patrick|hanuk|ramad|passov|friday|mlk|juneteen|diwali|kippur|rosh|ash wed|palm sun|"
    "eid|kwanz|bowl|cinco|lunar|chinese|groundhog|boxing|election|flag day|"
    "holy week|lent|mardi|indigenous"
).split("|")
_UNMISTAKABLE = frozenset("january february july september october november december".split())
"""Months that are months in small letters too."""
_CAPITAL = re.compile(r"[A-Z]")


def date_words(text: str, folded: str, *, years_only: bool) -> list[Span]:
    """Parts of dates in words, as the profile asks (`years_only`: `safe_harbor`)."""
    found = []
    if any(sign in folded for sign in _HOLIDAYS):
        found += [Span(*m.span("h"), "DATE") for m in _HOLIDAY.finditer(folded)]
    if not years_only:
        return found
    found += [Span(*m.span(), "DATE", m["y"]) for m in _SEASON.finditer(folded)]
    if "day" in folded:
        found += [Span(*m.span(), "DATE") for m in _DAY.finditer(folded)]
    found += [Span(*m.span("m"), "DATE") for m in _ALWAYS.finditer(text)]
    for match in _MONTH.finditer(folded):
        start, end = match.span("m")
        is_sure = folded[start:end] in _UNMISTAKABLE
        if (is_sure or _CAPITAL.match(text, start)) and not _is_may(text, folded, start, end):
            found.append(Span(start, end, "DATE"))
    return found


def _is_may(text: str, folded: str, start: int, end: int) -> bool:
    """Whether it is no month: in capitals all over ("AND MAY BE"), or before a family name ("to April Smith")."""
    if text[start:end].isupper() and folded[start:end] in {"may", "march", "mar", "dec", "oct", "sep", "jan"}:
        return True
    return text[end - 1] != "." and re.match(r"[ \t]+[A-Z][a-z]", text[end : end + 6]) is not None
