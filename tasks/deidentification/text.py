"""Free text: a person's known identifiers, whatever looks like an identifier, names of strangers, places, dates, ages.

What is replaced, in order of precedence where finds overlap:

1. the person's identifiers, phones, e-mails, addresses, postal codes and compactly written dates of birth and
   death;
2. positions on earth; what looks like an e-mail address, a URL, an SSN, a phone number, an IP address or a
   labelled number, whoever's;
3. dates: shifted in their own spelling (`expert`) or cut to the year (`safe_harbor`); a person's date of
   birth is shifted like any other, so that ages hold; dates of no known person are replaced under `expert`;
4. long numbers without a label;
5. the person's names and contacts, in any order, with initials and generators' digits, and misspelt;
6. addresses, cities, hospitals; names of strangers, by context and lists, and by a model where one is chosen;
   names spaced out, joined or in base64;
7. ages over 89 (`safe_harbor`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from contracts.identity import Person
from contracts.keys import Key
from contracts.privacy import OLDEST_AGE, Profile
from tasks.deidentification import patterns
from tasks.deidentification.ages import age_spans, birth_years
from tasks.deidentification.date_words import date_words
from tasks.deidentification.dates import shift_date
from tasks.deidentification.hidden import hidden_spans, position_spans
from tasks.deidentification.initials import initials_spans
from tasks.deidentification.known import (
    Known,
    bare_end,
    broken_spans,
    compile_known,
    kind_of,
    known_spans,
    loose_dates,
    misspelt_spans,
    name_spans,
)
from tasks.deidentification.lexicon import fold, joined_lines
from tasks.deidentification.lines import unwrap
from tasks.deidentification.places import place_spans
from tasks.deidentification.policy import TextPolicy
from tasks.deidentification.spans import WRITTEN_TAG, Replace, Span, arrange, as_tag, rewrite
from tasks.deidentification.strangers import mark_names, name_runs
from tasks.deidentification.surrogates import Surrogates
from tasks.deidentification.text_dates import Found, find_dates
from tasks.deidentification.tokens import read_tokens
from tasks.deidentification.writing import compose


class Scrubber:
    """Scrubs texts of many persons under one profile; each person's patterns are compiled once.

    Args:
        profile: what may remain of dates and ages.
        today: the day by which ages are told.
        policy: how finds are replaced, and whether a model looks too.
        key: chooses surrogates; tags need none.
    """

    def __init__(
        self, profile: Profile, today: date, policy: TextPolicy | None = None, key: Key | None = None
    ) -> None:
        self._profile = profile
        self._today = today
        self._policy = policy or TextPolicy()
        self._key = key if self._policy.style == "surrogates" else None
        self._held: dict[int, tuple[Person | None, Known, Replace]] = {}

    def scrub(self, text: str, person: Person | None) -> str:
        """The text with identifiers replaced and dates treated by the profile.

        Args:
            text: any text.
            person: whose text it is; None scrubs what looks like an identifier only, and cannot shift dates.
        """
        return self._scrub(compose(text), person, [])

    def scrub_column(self, texts: pa.Array, persons: Sequence[Person | None]) -> pa.Array:
        """Scrub a column of strings; `persons` gives each row's person."""
        values = [None if t is None else compose(t) for t in texts.to_pylist()]
        if self._policy.recogniser == "none":
            entities: Sequence[list[Span]] = [[]] * len(values)
        else:
            from tasks.deidentification.recogniser import find_entities

            entities = find_entities([v or "" for v in values])
        scrubbed = [
            None if t is None else self._scrub(t, p, e)
            for t, p, e in zip(values, persons, entities, strict=True)
        ]
        return pa.array(scrubbed, pa.string())

    def spans(self, text: str, person: Person | None, entities: Sequence[Span] = ()) -> list[Span]:
        """What is found in a composed text, in order of place; `entities` are what a model found in it."""
        text = unwrap(text)
        folded = fold(text)
        known, _ = self._of(person)
        numbers, long_numbers = patterns.number_spans(folded)
        found: list[Sequence[Span]] = [
            [Span(*m.span(), "TAG", m.group()) for m in WRITTEN_TAG.finditer(text)] if "[" in text else [],
            known_spans(folded, known),
            position_spans(folded),
            patterns.sign_spans(folded),
            numbers,
            self._dates(text, folded, person, known),
            loose_dates(folded, known),  # what the grammar of dates left
            long_numbers,
        ]
        names = self._names(text, folded, known, entities)
        found += names
        years_only = self._profile is Profile.SAFE_HARBOR
        found.append(date_words(text, folded, years_only=years_only))
        if years_only:
            found += [age_spans(folded), birth_years(folded, known.birth_years)]
        return arrange(
            [*found, initials_spans(text, [s for some in names for s in some if s.kind == "NAME"])], text
        )

    def holds_no_trait(self, text: str, person: Person | None, *, ordinary: bool = True) -> bool:
        """Whether nothing of the person shows in a short text such as a code.

        Args:
            text: the text.
            person: whose traits are looked for; of nobody there are none.
            ordinary: whether name parts that are ordinary words count ("Young adult" of a Mrs. Young).
        """
        known, _ = self._of(person)
        text = compose(text)
        folded = fold(text)
        whole = joined_lines(folded)
        if whole and known.names and known.names.search(whole):
            return False
        if (known.pattern and known.pattern.search(folded)) or loose_dates(folded, known):
            return False
        if not known.names or not known.names.search(folded):
            return True
        return not ordinary and not any(
            kind_of(folded[m.start() : bare_end(m)]) == "" for m in known.names.finditer(folded)
        )

    def _scrub(self, text: str, person: Person | None, entities: Sequence[Span]) -> str:
        replace = self._of(person)[1]
        return rewrite(text, self.spans(text, person, entities), replace, join_names=self._key is None)

    def _of(self, person: Person | None) -> tuple[Known, Replace]:
        held = self._held.get(id(person))
        if held is None or held[0] is not person:  # an id is good only while its object lives: so it is held
            known = compile_known(person, self._today)
            replace = Surrogates(self._key, person, known.parts).replace if self._key else as_tag
            held = self._held[id(person)] = (person, known, replace)
        return held[1], held[2]

    def _names(self, text: str, folded: str, known: Known, entities: Sequence[Span]) -> list[Sequence[Span]]:
        """The person's names first, then places, which may hold names, then names of strangers."""
        found: list[Sequence[Span]] = []
        if known.names:
            words = frozenset(folded.split())
            found = [broken_spans(text, folded, known), name_spans(text, folded, known)]
            found.append(misspelt_spans(folded, words, known))
        seen = read_tokens(text, folded)
        mark_names(seen)
        return [*found, place_spans(seen), name_runs(seen), entities, hidden_spans(text, folded, known)]

    def _dates(self, text: str, folded: str, person: Person | None, known: Known) -> list[Span]:
        spans = [Span(f.start, f.end, "DATE", self._date(f, person, known)) for f in find_dates(text, folded)]
        return sorted(spans, key=lambda s: (s.start, -s.end))

    def _date(self, found: Found, person: Person | None, known: Known) -> str | None:
        """The new text of a date; None where only a tag may stand for it."""
        if found.day is None:
            return None
        if self._profile is Profile.SAFE_HARBOR:
            year = found.day.year
            # The group's own year is no group here: what is older than it is not shown under it, as in columns.
            return str(year) if year > known.reference - OLDEST_AGE else None
        moved = shift_date(found.day, person.shift_days) if person else None
        return found.spell(moved) if moved else None


def scrub(text: str, person: Person | None, profile: Profile, today: date) -> str:
    """Scrub one text; for many, keep a `Scrubber`."""
    return Scrubber(profile, today).scrub(text, person)
