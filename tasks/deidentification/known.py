"""What is known of a person, compiled, and where it shows in a text.

Names go in any order and case, with initials, in plural and genitive, hyphened, broken over lines, with generators'
digits, and with one wrong letter where they are long enough. Names that are ordinary words go only where they are
written or placed as names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from contracts.identity import Person
from tasks.deidentification import lexicon
from tasks.deidentification.dates import parse_date, reference_year, tells_great_age
from tasks.deidentification.lexicon import BREAK, END, START, fold
from tasks.deidentification.spans import Span, are_joined
from tasks.deidentification.words import word_lists
from tasks.deidentification.writing import compose

FUZZY = 6
"""Letters that a name needs for one wrong letter to be overlooked."""

_HYPHENED_BEFORE = re.compile(r"(?<![^\W_])(?:[^\W\d_]{2,}[-\u2010\u2011])+$")
_HYPHENED_AFTER = re.compile(r"(?:[-\u2010\u2011][^\W\d_]{2,})+(?![^\W_])")
_TITLE = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof)\.?\s+$")
_INITIAL_BEFORE = re.compile(r"(?:(?<![^\W_])[a-z](?:\.\s*|\^|\s+))+$")
_INITIAL_AFTER = re.compile(r"(?:(?:\s*[,^]\s*|\s+)[a-z](?![^\W_])\.?)+")
_AROUND_WORDS = ".,;:()[]{}<>*#\"'!?/\\|-"
_AROUND = 44
"""Characters about its year in which a date in any spelling lies."""


@dataclass(frozen=True)
class Known:
    """A person's traits, compiled."""

    pattern: re.Pattern[str] | None
    kinds: Mapping[str, str]
    names: re.Pattern[str] | None
    parts: frozenset[str]
    loose: re.Pattern[str] | None
    loose_year: re.Pattern[str] | None
    initials: frozenset[str]
    reference: int
    great_age: bool
    birth_years: frozenset[str]


def compile_known(person: Person | None, today: date) -> Known:
    """The patterns of a person's traits; of nobody there are none."""
    reference, great_age = reference_year(person, today), tells_great_age(person, today)
    nothing: frozenset[str] = frozenset()
    if person is None:
        return Known(None, {}, None, nothing, None, None, nothing, reference, great_age, nothing)
    found = [(kind, pattern) for kind, pattern in _alternatives(person) if pattern]
    joined = lexicon.joined({f"k{i}": pattern for i, (_, pattern) in enumerate(found)})
    values = name_values(person)
    parts = lexicon.name_parts(values)
    births = person.traits.get("birth_date", ())
    loose, year = _loose([*births, *person.traits.get("death_date", ())])
    return Known(
        pattern=re.compile(joined) if found else None,
        kinds={f"k{i}": kind for i, (kind, _) in enumerate(found)},
        names=re.compile(f"{START}{lexicon.name_pattern(parts)}{END}") if parts else None,
        parts=frozenset(parts),
        loose=loose,
        loose_year=year,
        initials=frozenset(lexicon.initials(values)),
        reference=reference,
        great_age=great_age,
        birth_years=frozenset(value.strip()[:4] for value in births) if great_age else nothing,
    )


def _loose(days: list[str]) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """Known dates in any spelling, and their years alone, which tell where it is worth to look."""
    dated = [pattern for pattern in map(lexicon.loose_date_pattern, days) if pattern]
    if not dated:
        return None, None
    years = {f"{day.year % 100:02d}" for day in map(parse_date, days) if day}
    return re.compile("|".join(dated)), re.compile(rf"(?:{'|'.join(sorted(years))})(?!\d)")


def _alternatives(person: Person) -> Iterable[tuple[str, str]]:
    """(kind, pattern) for each identifier of a person, other than names."""
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


def known_spans(folded: str, known: Known) -> list[Span]:
    """The person's identifiers, other than names."""
    if known.pattern is None:
        return []
    return [Span(*m.span(), known.kinds[m.lastgroup or ""]) for m in known.pattern.finditer(folded)]


def loose_dates(folded: str, known: Known) -> list[Span]:
    """The person's dates of birth and death in spellings that the grammar of dates does not know."""
    if known.loose is None or known.loose_year is None:
        return []
    found: dict[tuple[int, int], Span] = {}
    for year in known.loose_year.finditer(folded):
        low, high = max(0, year.start() - _AROUND), year.end() + _AROUND
        found |= {m.span(): Span(*m.span(), "DATE") for m in known.loose.finditer(folded, low, high)}
    return [span for _, span in sorted(found.items())]


def name_spans(text: str, folded: str, known: Known) -> list[Span]:
    """The person's names: those that are ordinary words only where they are written or placed as names."""
    if known.names is None:
        return []
    matches = list(known.names.finditer(folded))
    spans = [m.span() for m in matches]
    bare = [(m.start(), bare_end(m)) for m in matches]
    sure = [_is_sure(text[a:b], folded[a:b]) for a, b in bare]
    for step in (1, -1):  # beside a sure part, the others are sure as well
        order = range(1, len(spans)) if step == 1 else range(len(spans) - 2, -1, -1)
        for i in order:
            (_, end), (start, _) = sorted((spans[i - step], spans[i]))
            near = sure[i - step] and are_joined(folded[end:start])
            sure[i] = sure[i] or (near and _goes_with(text, folded, bare[i], spans[i - step]))
    return [
        _widened(folded, *_hyphened(text, folded, *span), known.initials)
        for span, is_sure in zip(spans, sure, strict=True)
        if is_sure
    ]


def bare_end(match: re.Match[str]) -> int:
    """Where a name part ends without its suffix of plural or genitive."""
    return match.start("suffix") if match.lastgroup else match.end()


def broken_spans(text: str, folded: str, known: Known) -> list[Span]:
    """The person's names that a hyphen at the end of a line breaks in two."""
    breaks = [m.span() for m in BREAK.finditer(folded)] if lexicon.may_break(folded) else []
    if not breaks or known.names is None:
        return []
    cut = {i for start, end in breaks for i in range(start, end)}
    places = [i for i in range(len(text)) if i not in cut]
    whole, low = ("".join(t[i] for i in places) for t in (text, folded))
    found = []
    for match in known.names.finditer(low):
        (a, b), end = match.span(), bare_end(match)
        start, stop = places[a], places[b - 1] + 1
        if stop - start > b - a and end - a >= lexicon.LONG and _is_sure(whole[a:end], low[a:end]):
            found.append(Span(start, stop, "NAME"))
    return found


def misspelt_spans(folded: str, words: frozenset[str], known: Known) -> list[Span]:
    """The person's longer names with one letter wrong, missing, doubled or swapped: unless that is a word.

    Args:
        folded: the folded text.
        words: the text's words, with their punctuation, each once.
        known: the person.
    """
    parts = [part for part in known.parts if len(part) >= FUZZY and part.isalpha()]
    if not parts:
        return []
    ordinary = word_lists().ordinary
    shortest, longest = min(map(len, parts)) - 1, max(map(len, parts)) + 2
    found = []
    for written in words - ordinary:
        bare = written.strip(_AROUND_WORDS)
        if len(bare) < shortest or bare in ordinary:
            continue
        pieces = [bare] if bare.isalpha() else re.findall(r"[^\W\d_]+", bare)
        found += [
            rf"{re.escape(word)}\d{{0,4}}"
            for word in pieces
            if shortest <= len(word) <= longest and _is_misspelt(word, parts, ordinary)
        ]
    if not found:
        return []
    pattern = f"{START}(?:{'|'.join(sorted(found))}){END}"
    return [Span(*m.span(), "NAME") for m in re.finditer(pattern, folded)]


def _is_misspelt(word: str, parts: list[str], ordinary: frozenset[str]) -> bool:
    for spelled in {word, word.removesuffix("s")} - ordinary:
        if any(part[0] in spelled[:2] and _is_one_edit(spelled, part) for part in parts):
            return True
    return False


def _is_one_edit(a: str, b: str) -> bool:
    """Whether one letter replaced, left out, added or swapped with its neighbour makes `a` of `b`."""
    if len(a) > len(b):
        a, b = b, a
    first = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return len(b) - len(a) == 1 and a[first:] == b[first + 1 :]
    swapped = a[first : first + 2] == b[first : first + 2][::-1] and a[first + 2 :] == b[first + 2 :]
    return a != b and (a[first + 1 :] == b[first + 1 :] or swapped)


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
        kind_of(folded[start:end]) and not _TITLE.search(folded, max(0, first - 8), first)
    ):
        return start, end
    written_low = text[start].islower()
    if before and (written_low or text[first].isupper()):
        start = first
    if after and (written_low or text[end + 1].isupper()):
        end = after.end()
    return start, end


def _is_sure(written: str, folded: str) -> bool:
    kind = kind_of(folded)
    return not kind or (kind == "word" and written[0].isupper())


def _goes_with(text: str, folded: str, span: tuple[int, int], sure: tuple[int, int]) -> bool:
    """Whether a part beside a sure one is a name as well: "Mrs. Young may improve" has but one, "may young" two."""
    is_particle = kind_of(folded[slice(*span)]) == "particle"
    return is_particle or text[span[0]].isupper() or text[sure[0]].islower()


def kind_of(folded: str) -> str:
    """`word` or `particle` where a name part is also that; a generator's digits tell a name."""
    if folded[-1].isdecimal():
        return ""
    return lexicon.ordinary_words().get(folded, "word" if len(folded) == 2 else "")


def _widened(folded: str, start: int, end: int, initials: frozenset[str]) -> Span:
    """The name with the person's initials before or after it ("M. Garcia", "Garcia, M.")."""
    before = _INITIAL_BEFORE.search(folded, max(0, start - 12), start)
    if before and all(c in initials for c in re.findall(r"[a-z]", before.group())):
        start = before.start()
    after = _INITIAL_AFTER.match(folded, end)
    if after and all(c in initials for c in re.findall(r"[a-z]", after.group())):
        end = after.end()
    return Span(start, end, "NAME")
