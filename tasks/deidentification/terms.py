"""A terminology's codes and words: kept unless they hold a trait of the row's person.

A person's patterns are costly to compile, and a table of conditions has many persons and few terms. So the terms of
a column are first compared with the parts that any match of a person's patterns must contain; only a person with
such a part is looked at in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from contracts.identity import Person
from tasks.deidentification import lexicon
from tasks.deidentification.known import is_ordinary, name_values
from tasks.deidentification.lexicon import fold, joined_lines
from tasks.deidentification.text import Scrubber
from tasks.deidentification.writing import compose

_CODE = re.compile(r"[A-Za-z0-9.:_/^-]{1,40}")
_SYSTEM = re.compile(r"[A-Za-z0-9.:_/%-]{1,200}")
_CODE_STRING = re.compile(r"[A-Z0-9 _]{1,16}")
"""VR CS of DICOM PS3.5."""
_TOKEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Hints:
    """What a match of a person's patterns must contain."""

    tokens: frozenset[str]
    """One of these as a whole token, but for a suffix or a generator's digits, or"""
    needles: tuple[str, ...]
    """one of these in the text without separators."""


def hints(person: Person) -> Hints:
    """The parts of a person's traits without which none of the patterns can match."""
    parts = lexicon.name_parts(name_values(person))
    tokens = frozenset(p for p in parts if _TOKEN.fullmatch(p))
    return Hints(tokens, tuple({*(_squeezed(p) for p in parts - tokens), *_needles(person)}))


def _needles(person: Person) -> Iterable[str]:
    traits = person.traits
    contacts = traits.get("contact", ())
    for value in [*traits.get("email", ()), *traits.get("phone", ()), *contacts]:
        if "@" in value:
            yield _squeezed(value)
        elif lexicon.phone_patterns(value):
            yield re.sub(r"\D", "", re.split(r"(?i)x|ext", value)[0])[-7:]
    for value in traits.get("address", ()):
        for piece in {value, *value.split(",")}:
            if not is_ordinary(piece) and lexicon.address_pattern(piece):
                yield lexicon.address_hint(piece)
    for value in [*traits.get("identifier", ()), *traits.get("zip", ())]:
        for number in [value, *re.findall(r"(?<!\d)\d{5,}(?!\d)", value)]:
            plain = _squeezed(number)
            if len(plain) >= 4:
                stripped = plain.lstrip("0") if plain.isdecimal() else plain
                yield stripped if len(stripped) >= 4 else plain
    for value in traits.get("zip", ()):
        yield re.sub(r"\D", "", value)[:5] or _squeezed(value)
    for value in [*traits.get("birth_date", ()), *traits.get("death_date", ())]:
        yield from lexicon.compact_date_patterns(value)
        yield _squeezed(value)[:8]


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(compose(text)))


class TermCleaner:
    """Cleans columns of terms; what it knows of a person is found once."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._hints: dict[int, tuple[Person, Hints]] = {}

    def clean(
        self,
        column: pa.Array,
        index: np.ndarray,
        persons: Sequence[Person],
        term: str,
        coded: pa.Array | None,
    ) -> pa.Array:
        """The terms that may stay, null for the others.

        Args:
            column: strings.
            index: by row, an index into `persons`, -1 for nobody.
            persons: the persons of the rows.
            term: `code`, `system`, `display`, or `cs` (a code string of DICOM). A name that is an ordinary word counts
                in a code alone.
            coded: for displays, whether a row of nobody has a code (boolean); null where the table has none.
        """
        terms = column.cast(pa.string()).dictionary_encode()
        values = terms.dictionary.to_pylist()
        if not values:
            return column
        codes = terms.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        suspects = self._suspects(values, persons)
        keep = np.ones(len(column), dtype=bool)
        doubted = np.flatnonzero(
            (index < 0) | np.isin(index, list(suspects))
        )  # of all others every term stays
        pairs, inverse = np.unique((index[doubted] + 1) * len(values) + codes[doubted], return_inverse=True)
        keep[doubted] = np.fromiter(
            (
                self._stays(values[p % len(values)], p // len(values) - 1, persons, suspects, term)
                for p in pairs.tolist()
            ),
            dtype=bool,
            count=len(pairs),
        )[inverse]
        if term == "display":
            there = (
                np.zeros(len(column), dtype=bool) if coded is None else coded.to_numpy(zero_copy_only=False)
            )
            keep &= (index >= 0) | there
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        return pa.DictionaryArray.from_arrays(
            pa.array(codes, pa.int32(), mask=nulls | ~keep), terms.dictionary
        ).dictionary_decode()

    def _stays(
        self, value: str, who: int, persons: Sequence[Person], suspects: frozenset[int], term: str
    ) -> bool:
        if who < 0:
            shape = {"code": _CODE, "system": _SYSTEM, "cs": _CODE_STRING}.get(term)
            return shape is None or shape.fullmatch(value) is not None
        if who not in suspects:
            return True
        return self._scrubber.holds_no_trait(value, persons[who], ordinary=term == "code")

    def _suspects(self, values: Sequence[str], persons: Sequence[Person]) -> frozenset[int]:
        """The persons of whom a part shows in any of the values."""
        texts = [fold(compose(v)) for v in values]
        texts += [t for t in map(joined_lines, texts) if t]
        squeezed = " ".join(map(_squeezed, texts))
        tokens: set[str] = set()
        for token in {t for text in texts for t in _TOKEN.findall(text)}:
            bare = token.rstrip("0123456789")
            tokens |= {token, bare, bare.removesuffix("s"), bare.removesuffix("es")}
        found = set()
        for i, person in enumerate(persons):
            known = self._known(person)
            if not known.tokens.isdisjoint(tokens) or any(n in squeezed for n in known.needles):
                found.add(i)
        return frozenset(found)

    def _known(self, person: Person) -> Hints:
        held = self._hints.get(id(person))
        if held is None or held[0] is not person:  # an id is good only while its object lives: so it is held
            held = self._hints[id(person)] = (person, hints(person))
        return held[1]
