"""Ages over 89 in running text, and years of birth that tell them (45 CFR 164.514(b)(2)(i)(C))."""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span

GROUP = "90+"
"""What stands for every age over 89."""

_WORDED = (
    r"ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"(?:one|a) hundred(?: and)?(?:[- ](?:one|two|three|four|five|six|seven|eight|nine|ten))?"
)
_AGE = rf"(?:9\d|1[0-4]\d|{_WORDED})"
_SIGNS = re.compile(r"9\d|1[0-4]\d|9th|nine|hundred|nonagen|centen|90'?s")
_AGES = re.compile(
    rf"(?<![\w.])(?P<old>{_AGE})(?=[\s-]*(?:years?|yrs?\.?|y)[\s-]*(?:old\b|of age\b|/?o\b)|[\s-]?y/?o\b)"
    rf"|\b(?:aged?|at the age of|at age|turn(?:ed|ing|s)|age is)[\s:]+(?:of\s+)?(?P<aged>{_AGE})(?![\w.%/])"
    r"|(?<![\w.])(?P<letter>9\d|1[01]\d)(?=\s?(?:f|m|yf|ym|yof|yom|y|female|male|woman|man)\b(?!\s*(?:/|\.\d)))"
    r"|\b(?:his|her|their)\s+(?:early|mid|late)?[\s-]*(?P<decade>nineties|90'?s)(?!\w)"
    r"|\b(?P<noun>nonagenarian|centenarian)\b"
    rf"|\b(?P<birthday>(?:9\d|1[0-4]\d)(?:th|st|nd|rd)|ninetieth|hundredth)(?=\s+(?:birthday|year of life))"
)
_HEAT = re.compile(r"\b(?:t|tmax|temp|temperature|fever|tc|tm)\b[^.;\n]{0,16}$")


def age_spans(folded: str) -> list[Span]:
    """Ages over 89, in figures or words; "98F" beside a temperature is none."""
    if not _SIGNS.search(folded):
        return []
    found = []
    for match in _AGES.finditer(folded):
        group = match.lastgroup or ""
        start, end = match.span(group)
        if group != "letter" or not _is_heat(folded, start, end):
            found.append(Span(start, end, "AGE", GROUP))
    return found


def _is_heat(folded: str, start: int, end: int) -> bool:
    degrees = folded[end : end + 2].strip()[:1] == "f" and not folded.startswith("female", end + 1)
    return degrees and _HEAT.search(folded, max(0, start - 40), start) is not None


def birth_years(folded: str, years: frozenset[str]) -> list[Span]:
    """The bare years of birth of who is 90 or over."""
    if not years:
        return []
    pattern = rf"(?<![\w.])(?:{'|'.join(sorted(years))})(?![\w%]|\.\d)"
    return [Span(*m.span(), "DATE") for m in re.finditer(pattern, folded)]
