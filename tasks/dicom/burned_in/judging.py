"""Which of the texts in an image may stay: markers of a list that say nothing of anybody. All else is hidden."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.identity import Person
    from tasks.dicom.burned_in.reading import Line

KEEP, HIDE, NOTHING = "keep", "hide", "nothing"
_SURE = 0.5
"""A line whose reading is as sure as this is text."""
_LIKELY, _LONG = 0.35, 4
"""A longer one is text, too, with less."""
_SPACE = re.compile(r"\s+")
_TRAIT = 2


@lru_cache(maxsize=1)
def _markers() -> re.Pattern[str]:
    rows = csv.DictReader((files(__package__) / "markers.csv").read_text(encoding="utf-8").splitlines())
    return re.compile("|".join(f"(?:{row['pattern']})" for row in rows), re.IGNORECASE)


def judge_line(line: Line, strict: bool, known: frozenset[str]) -> str:
    """What is done with a line: `keep` it, `hide` it, or `nothing` where there is no text.

    Args:
        line: as it was read.
        strict: every text is hidden.
        known: words of the person's identifiers, from `known_words`: none of them stays.
    """
    text = _SPACE.sub(" ", line.text).strip(" .,:;|_-")
    letters = sum(c.isalnum() for c in text)
    if letters == 0 or line.score < (_LIKELY if letters >= _LONG else _SURE):
        return NOTHING
    if letters == 1:  # edges and vessels look like one letter; and one names nobody
        return HIDE if strict and line.score > 0.9 else NOTHING
    if strict or not known.isdisjoint(_words(text)):
        return HIDE
    return KEEP if _markers().fullmatch(text) else HIDE


def known_words(person: Person | None) -> frozenset[str]:
    """The words of what is known of a person, folded; of two characters and more."""
    traits: Iterable[str] = (v for values in person.traits.values() for v in values) if person else ()
    return frozenset(word for value in traits for word in _words(value))


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) >= _TRAIT}
