"""Ages over 89 in running text, and years of birth that tell them (45 CFR 164.514(b)(2)(i)(C))."""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span

GROUP = "90+"
"""What stands for every age over 89."""

WORDED = (
    r"ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"(?:one|a) hundred(?: and)?(?:[- ](?:one|two|three|four|five|six|seven|eight|nine|ten))?"
)
_AGE = rf"(?:0{{0,2}}(?:9\d|1[0-4]\d)(?:[.,]\d{{1,2}}(?!\d))?(?:\s?\u00bd)?|{WORDED})"
_SIGNS = re.compile(r"9\d|1[0-4]\d|9th|nine|hundred|nonagen|centen|90'?s")
_AGES = re.compile(
    rf"(?<![\w.])(?P<old>{_AGE})(?=[\s-]*(?:years?|yrs?\.?|y)[\s-]*(?:old\b|young\b|of age\b|/?o\b)|[\s-]?y/?o\b"
    r"|[\s-]*(?:years?|yrs?)\b)"
    rf"|\b(?:aged?|at the age of|at age|turn(?:ed|ing|s)|age (?:is|was|of))(?:/(?:sex|gender))?"
    rf"(?:\s*\(?(?:in )?(?:years?|yrs?|y)\)?)?[\s:=]+(?:of\s+|over\s+|about\s+|[~>\u2265]\s*)?"
    rf"(?P<aged>{_AGE})(?![\w%]|/\d|\.\d)"
    r"|(?<![\w./])(?P<slash>9\d|1[01]\d)(?=\s?/\s?(?:f|m|female|male)\b(?!\s*[/.\d]))"
    r"|(?<![\w.])(?P<letter>9\d|1[01]\d)(?=\s?(?:f|m|yf|ym|yof|yom|y|female|male|woman|man)\b(?!\s*(?:/|\.\d)))"
    r"|\b(?:his|her|their)\s+(?:early|mid|late)?[\s-]*(?P<decade>nineties|90'?s)(?!\w)"
    r"|\b(?:mother|father|mom|dad|sister|brother|aunt|uncle|wife|husband|spouse|grandmother|grandfather|grandma|"
    r"grandpa|"
    rf"parents?|sibling|cousin|friend|neighbou?r|partner|who|she|he|patient|pt)\b(?:(?!\d)[^.;\n]){{0,30}}?(?:,|\(|"
    rf"\bis|\bwas|\bage|"
    rf"\bnow)\s+(?:now\s+|over\s+|almost\s+|nearly\s+)?\(?(?P<kin>{_AGE})"
    rf"(?=\s*[,);.](?!\d)|\s+(?:and|with|who|in|alive|years|died|deceased)\b|\s*$)"
    rf"|\b(?:lived|live) to (?:be )?(?P<lived>{_AGE})(?![\w%/]|\.\d)"
    rf"|\b(?:died|passed(?: away)?|deceased) (?:at|aged?) (?P<died>{_AGE})(?![\w%/:]|\.\d|\s*(?:am|pm|h)\b)"
    r"|\b(?P<noun>(?:super)?(?:nonagenarian|centenarian)s?)\b"
    rf"|\b(?P<birthday>(?:9\d|1[0-4]\d)(?:th|st|nd|rd)|ninet(?:ieth|y-\w+)|hundredth)(?=\s+(?:birthday|year of life))"
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
