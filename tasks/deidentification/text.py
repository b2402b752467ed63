"""Free text: a person's known identifiers, whatever looks like an identifier, and dates.

What is replaced, in order of precedence where finds overlap:

1. the person's identifiers, phones, e-mails, addresses, postal codes and compactly written dates of birth and
   death;
2. what looks like an e-mail address, a URL, an SSN, a phone number, an IP address or a labelled number,
   whoever's;
3. dates: shifted in their own spelling (`expert`) or cut to the year (`safe_harbor`); a person's date of
   birth is shifted like any other, so that ages hold; dates of no known person are replaced under `expert`;
4. the person's names, in any order, with initials and generators' digits;
5. ages over 89 (`safe_harbor`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification import lexicon
from tasks.deidentification.dates import OLDEST_AGE, reference_year, shift_date, tells_great_age
from tasks.deidentification.lexicon import BREAK, END, START, compose, fold, joined_lines
from tasks.deidentification.text_dates import Found, find_dates

_TAGS = re.compile(r"\[(?:NAME|ID|PHONE|EMAIL|ADDRESS|DATE)\]")
_LABEL = (
    r"mrn|medical record(?: number| no\.?)?|patient (?:id|number|no\.?)|account(?: number| no\.?)?|"
    r"acct(?: no\.?)?|ssn|social security(?: number| no\.?)?|licen[sc]e(?: number| no\.?)?|passport(?: number| no\.?)?|"
    r"accession(?: number| no\.?)?|member id|policy (?:number|no\.?)|"
    r"health plan(?: number| id)?|case (?:number|no\.?)"
)
_HEX = "[0-9a-f]"
_GENERIC = re.compile(
    r"(?P<EMAIL>[a-z0-9._%+\-]+@[a-z0-9\-]+(?:\.[a-z0-9\-]+)+)"
    r"|(?P<URL>(?:https?|ftp)://[^\s<>\"]+|\bwww\.[^\s<>\"]+)"
    rf"|\b(?:{_LABEL})\s*(?:[:#=]|is)?\s*#?\s*"
    r"(?P<ID>(?=[a-z\-]{0,12}\d)[a-z0-9](?:[a-z0-9\-]{1,40}[a-z0-9])?)"
    r"|(?<![\w\-.])(?P<SSN>\d{3}[-\u2010-\u2015 ]\d{2}[-\u2010-\u2015 ]\d{4})(?![\w\-])"
    r"|(?<![\w.])(?P<PHONE>(?:\+?1[-. ]?)?(?:\(\d{3}\)[ \-.]?|\d{3}[-. ])\d{3}[-. ]\d{4}"
    r"(?:\s*(?:x|ext\.?)\s*\d{1,6})?"
    r"|\+\d{1,3}(?:[ .\-]?\(?\d{1,4}\)?){2,5}"
    r")(?!\w)"
    r"|\b(?:tele)?(?:phone|fax|cell|mobile|pager|tel)\b\.?\s*(?:no\.?|number|#)?\s*:?\s*"
    r"(?P<TEL>\+?\d[\d .()\-]{5,16}\d)"
    r"|(?<![\w.])(?P<IP>(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d))(?![\w.]\d)"
    rf"|(?<!\w)(?P<UUID>{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})(?!\w)"
)
_TAG_OF = {
    "EMAIL": "EMAIL",
    "URL": "ID",
    "ID": "ID",
    "SSN": "ID",
    "PHONE": "PHONE",
    "TEL": "PHONE",
    "IP": "ID",
    "UUID": "ID",
}
_WORDED_AGE = (
    r"ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|one hundred(?: and)?(?:[- ]\w+)?"
)
_AGE = rf"(?P<age{{0}}>9\d|1[0-4]\d|{_WORDED_AGE})"
_AGES = re.compile(
    rf"(?<![\w.]){_AGE.format(1)}(?=[\s-]*(?:years?|yrs?|y)[\s-]*(?:old\b|of age\b|/?o\b)|[\s-]?yo\b)"
    rf"|\b(?:aged?|at the age of)[\s:]+(?:of\s+)?{_AGE.format(2)}(?![\w.%/])"
)
_HYPHENED_BEFORE = re.compile(r"(?<![^\W_])(?:[^\W\d_]{2,}[-\u2010\u2011])+$")
_HYPHENED_AFTER = re.compile(r"(?:[-\u2010\u2011][^\W\d_]{2,})+(?![^\W_])")
_TITLE = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof)\.?\s+$")
_JOINT = re.compile(r"[\s,.^&'\u2019_\-]{0,4}|\s+(?:and|&)\s+")
_INITIAL_BEFORE = re.compile(r"(?:(?<![^\W_])[a-z](?:\.\s*|\^|\s+))+$")
_INITIAL_AFTER = re.compile(r"(?:(?:\s*[,^]\s*|\s+)[a-z](?![^\W_])\.?)+")


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Lexicon:
    """A person's traits, compiled."""

    known: re.Pattern[str] | None
    tags: Mapping[str, str]
    names: re.Pattern[str] | None
    loose: re.Pattern[str] | None
    initials: frozenset[str]
    reference: int
    great_age: bool
    birth_years: frozenset[str]


def _alternatives(person: Person) -> Iterable[tuple[str, str]]:
    """(tag, pattern) for each identifier of a person, other than names."""
    traits = person.traits
    contacts = traits.get("contact", ())
    for value in [*traits.get("email", ()), *(c for c in contacts if "@" in c)]:
        yield "EMAIL", r"\s?".join(map(re.escape, re.split(r"(@)", fold(compose(value.strip())))))
    for value in [*traits.get("phone", ()), *contacts]:
        for pattern in lexicon.phone_patterns(value) if "@" not in value else ():
            yield "PHONE", pattern
    for value in traits.get("address", ()):
        for piece in dict.fromkeys([value, *value.split(",")]):
            if not is_ordinary(piece):
                yield "ADDRESS", lexicon.address_pattern(piece) or ""
    for value in traits.get("identifier", ()):
        yield "ID", lexicon.identifier_pattern(value) or ""
        for number in re.findall(r"(?<!\d)\d{6,}(?!\d)", value):  # the number without its prefix
            yield "ID", lexicon.identifier_pattern(number) or ""
    for value in traits.get("zip", ()):
        yield "ADDRESS", lexicon.zip_pattern(value) or ""
    for value in [*traits.get("birth_date", ()), *traits.get("death_date", ())]:
        for pattern in lexicon.compact_date_patterns(value):
            yield "DATE", pattern


def is_ordinary(value: str) -> bool:
    """Whether a whole value is an ordinary word or a particle of names."""
    return fold(compose(value.strip())) in lexicon.ordinary_words()


def name_values(person: Person) -> list[str]:
    """What a person's name parts are made of."""
    traits = person.traits
    values = [v for v in [*traits.get("name", ()), *traits.get("contact", ())] if "@" not in v]
    return [
        *values,
        *filter(is_ordinary, traits.get("address", ())),
    ]  # "Hope": a town, where it is capitalised


def _compile(person: Person | None, today: date) -> _Lexicon:
    reference, great_age = reference_year(person, today), tells_great_age(person, today)
    if person is None:
        return _Lexicon(None, {}, None, None, frozenset(), reference, great_age, frozenset())
    found = [(tag, pattern) for tag, pattern in _alternatives(person) if pattern]
    groups = {f"k{i}": tag for i, (tag, _) in enumerate(found)}
    joined = lexicon.joined({f"k{i}": pattern for i, (_, pattern) in enumerate(found)})
    values = name_values(person)
    parts = lexicon.name_parts(values)
    names = re.compile(f"{START}{lexicon.name_pattern(parts)}{END}") if parts else None
    known = re.compile(joined) if found else None
    years = (
        frozenset(value.strip()[:4] for value in person.traits.get("birth_date", ()))
        if great_age
        else frozenset()
    )
    days = [*person.traits.get("birth_date", ()), *person.traits.get("death_date", ())]
    dated = [pattern for pattern in map(lexicon.loose_date_pattern, days) if pattern]
    loose = re.compile("|".join(dated)) if dated else None
    firsts = frozenset(lexicon.initials(values))
    return _Lexicon(known, groups, names, loose, firsts, reference, great_age, years)


class Scrubber:
    """Scrubs texts of many persons under one profile; each person's patterns are compiled once."""

    def __init__(self, profile: Profile, today: date) -> None:
        self._profile = profile
        self._today = today
        self._lexicons: dict[int, tuple[Person | None, _Lexicon]] = {}

    def scrub(self, text: str, person: Person | None) -> str:
        """The text with identifiers replaced by tags and dates treated by the profile.

        Args:
            text: any text.
            person: whose text it is; None scrubs what looks like an identifier only, and cannot shift dates.
        """
        text = compose(text)
        folded = fold(text)
        known = self._lexicon(person)
        tags = [_Span(*m.span(), m.group()) for m in _TAGS.finditer(text)] if "[" in text else []
        found = [
            tags,
            self._known(folded, known),
            self._generic(folded),
            self._dates(text, folded, person, known),
        ]
        if known.loose:  # what the grammar of dates left
            found.append([_Span(*m.span(), "[DATE]") for m in known.loose.finditer(folded)])
        if known.names:
            found.append(_broken(text, folded, known))
            found.append(_names(text, folded, known))
        if self._profile is Profile.SAFE_HARBOR:
            found.append(_ages(folded))
            found.append(_years(folded, known))
        return _rewrite(text, found)

    def scrub_column(self, texts: pa.Array, persons: Sequence[Person | None]) -> pa.Array:
        """Scrub a column of strings; `persons` gives each row's person."""
        values = texts.to_pylist()
        scrubbed = [None if t is None else self.scrub(t, p) for t, p in zip(values, persons, strict=True)]
        return pa.array(scrubbed, pa.string())

    def holds_no_trait(self, text: str, person: Person | None, *, ordinary: bool = True) -> bool:
        """Whether nothing of the person shows in a short text such as a code.

        Args:
            text: the text.
            person: whose traits are looked for; of nobody there are none.
            ordinary: whether name parts that are ordinary words count ("Young adult" of a Mrs. Young).
        """
        known = self._lexicon(person)
        text = compose(text)
        folded = fold(text)
        whole = joined_lines(folded)
        if whole and known.names and known.names.search(whole):
            return False
        if known.known and known.known.search(folded):
            return False
        if not known.names or not known.names.search(folded):
            return True
        return not ordinary and not any(
            _kind(folded[m.start() : _bare_end(m)]) == "" for m in known.names.finditer(folded)
        )

    def _lexicon(self, person: Person | None) -> _Lexicon:
        held = self._lexicons.get(id(person))
        if held is None or held[0] is not person:  # an id is good only while its object lives: so it is held
            held = self._lexicons[id(person)] = (person, _compile(person, self._today))
        return held[1]

    @staticmethod
    def _known(folded: str, known: _Lexicon) -> list[_Span]:
        if known.known is None:
            return []
        found = known.known.finditer(folded)
        return [_Span(*m.span(), f"[{known.tags[m.lastgroup or '']}]") for m in found]

    @staticmethod
    def _generic(folded: str) -> list[_Span]:
        found = []
        for match in _GENERIC.finditer(folded):
            kind = match.lastgroup or ""
            found.append(_Span(*match.span(kind), f"[{_TAG_OF[kind]}]"))
        return found

    def _dates(self, text: str, folded: str, person: Person | None, known: _Lexicon) -> list[_Span]:
        spans = [_Span(f.start, f.end, self._date(f, person, known)) for f in find_dates(text, folded)]
        return sorted(spans, key=lambda s: (s.start, -s.end))

    def _date(self, found: Found, person: Person | None, known: _Lexicon) -> str:
        if found.day is None:
            return "[DATE]"
        if self._profile is Profile.SAFE_HARBOR:
            year = found.day.year
            # The group's own year is no group here: what is older than it is not shown under it, as in columns.
            return str(year) if year > known.reference - OLDEST_AGE else "[DATE]"
        moved = shift_date(found.day, person.shift_days) if person else None
        return found.spell(moved) if moved else "[DATE]"


def _names(text: str, folded: str, known: _Lexicon) -> list[_Span]:
    """The person's names: those that are ordinary words only where they are written or placed as names."""
    assert known.names is not None
    matches = list(known.names.finditer(folded))
    spans = [m.span() for m in matches]
    bare = [(m.start(), _bare_end(m)) for m in matches]
    sure = [_is_sure(text[a:b], folded[a:b]) for a, b in bare]
    for step in (1, -1):  # beside a sure part, the others are sure as well
        order = range(1, len(spans)) if step == 1 else range(len(spans) - 2, -1, -1)
        for i in order:
            (_, end), (start, _) = sorted((spans[i - step], spans[i]))
            near = sure[i - step] and _JOINT.fullmatch(folded[end:start]) is not None
            sure[i] = sure[i] or (near and _goes_with(text, folded, bare[i], spans[i - step]))
    return [
        _widened(folded, *_hyphened(text, folded, *span), known.initials)
        for span, is_sure in zip(spans, sure, strict=True)
        if is_sure
    ]


def _bare_end(match: re.Match[str]) -> int:
    """Where a name part ends without its suffix of plural or genitive."""
    return match.start("suffix") if match.lastgroup else match.end()


def _broken(text: str, folded: str, known: _Lexicon) -> list[_Span]:
    """The person's names that a hyphen at the end of a line breaks in two."""
    breaks = [m.span() for m in BREAK.finditer(folded)]
    if not breaks or known.names is None:
        return []
    cut = {i for start, end in breaks for i in range(start, end)}
    places = [i for i in range(len(text)) if i not in cut]
    whole, low = ("".join(t[i] for i in places) for t in (text, folded))
    found = []
    for match in known.names.finditer(low):
        (a, b), end = match.span(), _bare_end(match)
        start, stop = places[a], places[b - 1] + 1
        if stop - start > b - a and end - a >= lexicon.LONG and _is_sure(whole[a:end], low[a:end]):
            found.append(_Span(start, stop, "[NAME]"))
    return found


def _hyphened(text: str, folded: str, start: int, end: int) -> tuple[int, int]:
    """The name with what a hyphen joins to it: the rest of a double name; an ordinary word only after a title."""
    after = _HYPHENED_AFTER.match(folded, end)
    before = (
        _HYPHENED_BEFORE.search(folded, max(0, start - 40), start)
        if folded[start - 1 : start] in {*"-\u2010\u2011"}
        else None
    )
    first = before.start() if before else start
    if not (after or before) or (
        _kind(folded[start:end]) and not _TITLE.search(folded, max(0, first - 8), first)
    ):
        return start, end
    written_low = text[start].islower()
    if before and (written_low or text[first].isupper()):
        start = first
    if after and (written_low or text[end + 1].isupper()):
        end = after.end()
    return start, end


def _is_sure(written: str, folded: str) -> bool:
    kind = _kind(folded)
    return not kind or (kind == "word" and written[0].isupper())


def _goes_with(text: str, folded: str, span: tuple[int, int], sure: tuple[int, int]) -> bool:
    """Whether a part beside a sure one is a name as well: "Mrs. Young may improve" has but one, "may young" two."""
    is_particle = _kind(folded[slice(*span)]) == "particle"
    return is_particle or text[span[0]].isupper() or text[sure[0]].islower()


def _kind(folded: str) -> str:
    """`word` or `particle` where a name part is also that; a generator's digits tell a name."""
    if folded[-1].isdecimal():
        return ""
    return lexicon.ordinary_words().get(folded, "word" if len(folded) == 2 else "")


def _widened(folded: str, start: int, end: int, initials: frozenset[str]) -> _Span:
    """The name with the person's initials before or after it ("M. Garcia", "Garcia, M.")."""
    before = _INITIAL_BEFORE.search(folded, max(0, start - 12), start)
    if before and all(c in initials for c in re.findall(r"[a-z]", before.group())):
        start = before.start()
    after = _INITIAL_AFTER.match(folded, end)
    if after and all(c in initials for c in re.findall(r"[a-z]", after.group())):
        end = after.end()
    return _Span(start, end, "[NAME]")


def _ages(folded: str) -> list[_Span]:
    return [_Span(*match.span(match.lastgroup or 0), "90+") for match in _AGES.finditer(folded)]


def _years(folded: str, known: _Lexicon) -> list[_Span]:
    """The bare year of birth of who is 90 or over."""
    if not known.birth_years:
        return []
    pattern = rf"(?<![\w.])(?:{'|'.join(sorted(known.birth_years))})(?![\w%]|\.\d)"
    return [_Span(*m.span(), "[DATE]") for m in re.finditer(pattern, folded)]


def _place(taken: list[_Span], span: _Span, text: str) -> None:
    """Add a span to those in order of place. What another covers already is left to it; the rest never stays."""
    first = bisect_left(taken, span.start, key=lambda s: s.end)
    last = bisect_left(taken, span.end, key=lambda s: s.start)
    within = [s for s in taken[first:last] if s.end > span.start]
    if not within:
        taken.insert(last, span)
        return
    tag = span.text if span.text.startswith("[") else "[DATE]"  # half a date can't be spelled anew
    borders = [span.start, *(border for s in within for border in (s.start, s.end)), span.end]
    for start, end in zip(borders[::2], borders[1::2], strict=True):
        if any(c.isalnum() for c in text[start:end]):
            taken.insert(bisect_left(taken, end, key=lambda s: s.start), _Span(start, end, tag))


def _rewrite(text: str, found: list[list[_Span]]) -> str:
    """Replace the spans; where two overlap, the one of the earlier list comes first."""
    taken: list[_Span] = []
    for spans in found:
        for span in spans:
            _place(taken, span, text)
    out, place, previous = [], 0, ""
    for span in taken:
        between = text[place : span.start]
        if not (span.text == previous == "[NAME]" and _JOINT.fullmatch(between)):
            out += [between, span.text]
        place, previous = span.end, span.text
    return "".join([*out, text[place:]])


def scrub(text: str, person: Person | None, profile: Profile, today: date) -> str:
    """Scrub one text; for many, keep a `Scrubber`."""
    return Scrubber(profile, today).scrub(text, person)
