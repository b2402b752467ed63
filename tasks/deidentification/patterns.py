"""What looks like an identifier, whoever's: e-mail addresses, URLs, phones, social security and labelled numbers.

Numbers are found first and their labels looked for before them: a note has fewer numbers than words. Numbers without
a label count where they are too long for a measurement.
"""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span

_EMAIL = re.compile(r"[a-z0-9._%+\-]+@[a-z0-9\-]+(?:\.[a-z0-9\-]+)+")
_URL = re.compile(
    r"(?:https?|ftp)://[^\s<>\"]+|\bwww\.[^\s<>\"]+"
    r"|(?<![\w.@])[a-z0-9][a-z0-9\-]*(?:\.[a-z0-9\-]+)*\.(?:com|org|net|edu|gov|info)\b(?:/[^\s<>\"]*)?"
)
_URL_SIGNS = ("://", "www.", ".com", ".org", ".net", ".edu", ".gov", ".info")
_HEX = "[0-9a-f]"
_UUID = re.compile(rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}(?!\w)")
_RUN = re.compile(r"[(+\d][\d()./\-\u2010-\u2015 +]{6,}")
_DASH = r"[-\u2010-\u2015 ]"
_IN_RUN = re.compile(
    rf"(?<![\w\-.])(?P<SSN>(?:\d{{3}}|xxx|\*\*\*){_DASH}(?:\d{{2}}|xx|\*\*){_DASH}\d{{4}})(?![\w\-])"
    r"|(?<![\w.])(?P<PHONE>(?:\+?1[-. ]?)?(?:\(\d{3}\)[ \-.]{0,2}|\d{3}[-. ]|\d{3}/(?=\d{3}-))\d{3}[-. ]\d{4}"
    r"(?:\s*(?:x|ext\.?)\s*\d{1,6})?"
    r"|\+\d{1,3}(?:[ .\-]?\(?\d{1,4}\)?){2,5}"
    r")(?!\w)"
    r"|(?<![\w.])(?P<IP>(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d))(?![\w.]\d)"
)
_NUMBER = re.compile(r"\d[\w\-]*")
_NOUN = r"(?: (?:id|number|num|no\.?|nbr|identifier|code))?"
_STRONG = (
    r"mrn|mr ?#|unit number|med(?:ical)? rec(?:ord)?|patient (?:id|number|no)|pt\.? id|account|acct|ssn|"
    r"social security|licen[sc]e|"
    r"passport|accession|member id|subscriber(?: id)?|policy|health plan|csn|serial|s/n|device (?:id|identifier)|udi|"
    r"(?:licen[sc]e )?plates?|vin|dea|npi|certificate|badge|docket|intake|warrant|requisition|tracking(?: id)?|lic\.?|"
    r"fingerprint(?: id)?|voiceprint(?: id)?|"
    r"(?:retinal?|iris) scan(?: id)?|biometric(?: id)?|insurance id|medicare id|medicaid id|beneficiary|prior auth|"
    r"claim|confirmation|visit id|encounter id|har|employee id|job|dictation|document id"
)
_WEAK = (
    r"case|encounter|order|specimen|group|lot|rx|prescription|chart|file|record|visit|vehicle|invoice|id|model|"
    r"authorization|reference|ref|registration|implant|device|pacemaker|tag|fin|acc|dl|member|plan|medicare|medicaid|"
    r"insurance|inmate|booking|grp|auth|ncpdp|bin|pcn|asset|receipt|transaction|voucher|employee|ticket|unit|"
    r"doc|study|lead|generator|battery|claimant|trial|bag|sample|report|call|reference"
)
_LINK = r"\s*(?:[:#=]|is|was)?\s*[:#]?\s*$"
_LABELLED = re.compile(
    rf"(?<![\w/])(?:(?:{_STRONG}){_NOUN}{_LINK}"
    rf"|(?:{_WEAK})(?: (?:id|number|num|no\.?|nbr|identifier)\s*[:#=]?|\s*[:#]|\s+#)\s*#?\s*(?:is|was)?\s*$)"
    r"|(?P<any>(?:\bid|\bno\.|\bnumber|\bnum|#)\s*[:#=]?\s*$)"
    r"|(?<![\w/])(?P<long>lot|unit|grp|auth|ncpdp|ref|inmate|tag|lead|claim|dose id|invoice|case|group|policy|"
    r"member|plan|medicare|medicaid|chart|file|record|order|specimen|device|"
    r"accession|registration|prescription|rx|pathology)\s+$"
)
_LAST_WORDS = frozenset(
    re.findall(r"[a-z]{2,}", re.sub(r"\(\?:|\[sc\]", " ", f"{_STRONG}|{_WEAK}"))
    + "mr license licence number num no nbr identifier code id is was s/n record rec plates plate scan auth "
    "pathology unit".split()
)
_PHONE_LABEL = re.compile(
    r"(?<![\w/])(?:(?:tele)?(?:phone|fax)|cell|mobile|pager|pgr|beeper|tel|ext|extension|ph|(?<!returned )call|called|"
    r"paged?)"
    r"\b\.?(?:\s*x\s?\d)?\s*(?:no\.?|number|#)?\s*(?:is|at)?\s*[:#]?\s*\(?$"
)
_TIMES = re.compile(r"x\d")
"""Between a pager's label and its number: "paged x2 (1234)"."""
_PLATE = re.compile(r"\b(?:plates?|tag)\s*(?:no\.?|number|is)?\s*[:#(]?\s*(?P<letters>[a-z]{2,3}[ -])$")
_TAGS = frozenset("tag tags plate plates".split())
_AFTER_TYPIST = re.compile(r"[/:][a-z]{2,3}/$")
"""Before the number of a dictation: "ABC/de/123456"."""
_PHONE_WORDS = frozenset(
    "phone telephone fax telefax cell mobile pager pgr beeper tel ext extension ph call called page paged at "
    "number no is".split()
)
_PHONE = re.compile(r"\+?\(?\d[\d .()\-]{1,17}\d")
_LONG_GROUPS = re.compile(r"(?: \d{3,4}(?![\w/%.]))+")
_GROUPS = re.compile(r"(?: \d{2,4}(?![\w/%]|\.\d)){1,3}")
_ALONE = re.compile(
    r"(?:\(|\|[ \t]*)(?P<n>[a-z]?\d{6,10}|\d{2,3}[- ]\d{2,3}[- ]\d{2,3})(?=\)|[ \t]*(?:\||$))", re.MULTILINE
)
"""A number alone in brackets or between bars, as behind a name in a heading."""
_SHORT_PHONE = re.compile(r"\d(?<=[xp. :]\d)\d{3,5}(?![\w%]|\.\d|[ \t]*(?:mg|ml|mcg|g)\b)")
_SHORT_LEAD = re.compile(r"(?:[ \t\n,;(](?:x|ext\.?[ \t]?|p)|\bpager:?[ \t]?)$")
"""An extension or a pager: "x1234", "(p1234)"."""
_CODES = ("nda", "rs", "nct", "pmc")
"""Beginnings of public numbers: drugs, variants, trials, papers."""
_ROOM_WORDS = frozenset("room rm bed bay loc location unit ward".split())
_LOOSE_ROOMS = frozenset("loc location unit ward".split())
"""Words that a number of three digits makes a room of: "unit 2" may be blood."""
_ROOM = re.compile(
    r"(?<![\w])(?<!of )(?:room|rm|bed|bay|loc|location|ward|unit)\.?\s*(?:no\.?|number)?\s*[#:]?\s*$"
)
_UNITS = re.compile(
    r"\s*(?:mg|mcg|g|kg|ml|l|cm|mm|units?|iu|%|copies|cfu|cells|degrees|deg|k/|/|x10|percent|minutes?|hours?)\b|"
    r"[.,]\d|/"
)


def sign_spans(folded: str) -> list[Span]:
    """E-mail addresses, URLs, UUIDs, SSNs, phones and IP addresses, told by their shape."""
    found = []
    if "@" in folded:
        found += [Span(*m.span(), "EMAIL") for m in _EMAIL.finditer(folded)]
    if any(sign in folded for sign in _URL_SIGNS):
        found += [Span(*m.span(), "URL") for m in _URL.finditer(folded)]
    for run in _RUN.finditer(folded):
        low, high = max(0, run.start() - 4), min(len(folded), run.end() + 12)
        for match in _IN_RUN.finditer(folded, low, high):
            kind = match.lastgroup or ""
            found.append(Span(*match.span(), "ID" if kind == "SSN" else kind))
    for short in _SHORT_PHONE.finditer(folded):
        if _SHORT_LEAD.search(folded, max(0, short.start() - 8), short.start()):
            found.append(Span(*short.span(), "PHONE"))
    if folded.count("-") > 3:
        found += [Span(*m.span(), "ID") for m in _UUID.finditer(folded)]
    return found


def number_spans(folded: str) -> tuple[list[Span], list[Span]]:
    """Numbers that are identifiers: by their label, and by their length alone.

    The second list is for after the dates, which may be long numbers too.
    """
    labelled, bare = [], []
    done = 0
    for number in _NUMBER.finditer(folded):
        start, end = number.span()
        if start < done:
            continue
        start = _begin(folded, start)
        end = start + len(folded[start:end].rstrip("-_"))
        span = _labelled(folded, start, end)
        if span:
            labelled.append(span)
            done = span.end
        elif end - start >= 7 and _is_long(folded, start, end):
            bare.append(Span(start, end, "ID"))
    bare += [Span(*m.span("n"), "ID") for m in _ALONE.finditer(folded)]
    return labelled, bare


def _begin(folded: str, start: int) -> int:
    """Where the letters before a number begin, which are part of it ("AB-1234")."""
    first = start
    while first > 0 and start - first < 12 and (folded[first - 1].isalnum() or folded[first - 1] == "-"):
        first -= 1
    while folded[first] == "-":
        first += 1
    return first


def _labelled(folded: str, start: int, end: int) -> Span | None:
    before = folded[max(0, start - 44) : start]
    words = before.rstrip(" \t\r\n:#=.(+").rsplit(None, 1)
    last = words[-1].lstrip("(/[,;") if words else ""
    is_far = last in _ROOM_WORDS and (
        last not in _LOOSE_ROOMS or (end - start > 2 and "#" not in before[-4:])
    )
    if is_far and end - start <= 6 and _ROOM.search(before) and not _UNITS.match(folded, end):
        return Span(start, end, "ID")
    if last in _TAGS and 4 < end - start < 9 and not folded[start:end].isdecimal():
        return Span(start, end, "ID")  # "tag 3ABC680"
    if end - start > 5 and _AFTER_TYPIST.search(folded, max(0, start - 4), start):
        return Span(start, end, "ID")
    letters = _PLATE.search(before) if last not in _LAST_WORDS else None
    if letters and 2 < end - start < 6:
        return Span(start - len(letters["letters"]), end, "ID")
    is_acidity = last == "ph" and folded[start + 1 : start + 2] == "."
    if not is_acidity and (last in _PHONE_WORDS or _TIMES.fullmatch(last)) and _PHONE_LABEL.search(before):
        whole = _PHONE.match(folded, start)
        if whole and sum(c.isdecimal() for c in whole.group()) >= 4:
            return Span(start, whole.end(), "PHONE")
    may_label = end - start >= 3 and (
        last in _LAST_WORDS or last.rpartition("/")[2] in _LAST_WORDS or not last or before[-1:] == "#"
    )
    found = _LABELLED.search(before) if may_label and not _UNITS.match(folded, end) else None
    loose = found is not None and bool(found["long"] or found["any"])
    if found and (not loose or sum(c.isdecimal() for c in folded[start:end]) >= 5):
        return Span(start, _spaced_end(folded, end, is_first=end - start == 3), "ID")
    return None


def _spaced_end(folded: str, end: int, *, is_first: bool) -> int:
    """Where a number that is written in groups ends ("4 123 456 789"); `is_first`: after a group of three."""
    more = (_GROUPS if is_first else _LONG_GROUPS).match(folded, end)
    return more.end() if more else end


def _is_long(folded: str, start: int, end: int) -> bool:
    """Whether a number without a label is too long to be a measurement, or mixes letters with many digits."""
    token = folded[start:end]
    digits = sum(c.isdecimal() for c in token)
    if token.isdecimal():
        return digits >= 7 and not _UNITS.match(folded, end) and folded[start - 1 : start] not in {*".,$"}
    letters = sum(c.isalpha() for c in token)
    if token.startswith(_CODES):
        return False
    is_vehicle = len(token) == 17 and token.isalnum() and letters >= 3
    return is_vehicle or (
        (digits >= 5 and 1 <= letters <= 5 and not _UNITS.match(folded, end)) and _tight(token)
    )


def _tight(token: str) -> bool:
    """Letters before digits, as numbers of records have them: no dose ("12345mg"), no range of words."""
    return (
        re.fullmatch(
            r"[a-z]{1,4}-?\d{5,}(?:-\d+)*[a-z]?|[a-z]{1,3}-?\d{2}-\d{4,6}|[a-z]{2}\d{3}-\d{3,6}|\d{6,}[a-fh-kn-tv-z]|"
            r"\d{2,4}-?[a-z]{1,3}-?\d{4,}",
            token,
        )
        is not None
    )
