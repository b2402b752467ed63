"""Invented stand-ins, "hidden in plain sight": what a scrubber missed cannot be told from what it put there.

Keyed by the person: in all of a person's texts the same name becomes the same invented name, the same number the same
invented number, of like shape. Who has no key cannot compute them, and two persons' stand-ins do not compare.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from contracts.identity import Person
from contracts.keys import Key
from tasks.deidentification.lexicon import fold
from tasks.deidentification.spans import Span, as_tag
from tasks.deidentification.words import word_lists

_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"\d+|[^\W\d_]+")
_LABELS = frozenset("mrn ssn npi dea acct id ext x".split())
_KEPT_IN_PLACES = frozenset(
    "street st avenue ave road rd lane ln drive dr boulevard blvd court ct place pl highway hwy parkway pkwy "
    "square sq terrace ter circle cir trail trl way plaza loop alley crossing pike turnpike route apt "
    "apartment unit suite ste floor fl lot north south east west n s e w ne nw se sw po p o box of and the at "
    "for".split()
)


@lru_cache(maxsize=1)
def pools() -> Mapping[str, tuple[str, ...]]:
    """Names to choose from, by kind: `female`, `male`, `family`, `town`."""
    text = (files(__package__) / "surrogate_names.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["kind"]: tuple(row["names"].split()) for row in rows}


class Surrogates:
    """Stand-ins for what was found in the texts of one person.

    Args:
        key: chooses them.
        person: whose texts; None for texts of nobody, which share theirs.
        parts: the person's own name parts, folded: never chosen, and what initials stand for.
    """

    def __init__(self, key: Key, person: Person | None, parts: frozenset[str]) -> None:
        self._key = key
        self._who = str(person.person_id if person else 0)
        self._parts = parts
        self._chosen: dict[str, str] = {}

    def replace(self, span: Span, old: str) -> str:
        """The stand-in of a find; where its own new text is told already (a shifted date, an age), that."""
        if span.text is not None:
            return span.text
        if span.kind == "NAME":
            return _WORD.sub(lambda m: self._name(m.group()), re.sub(r"(?<=[^\W\d_])\d{1,4}(?!\w)", "", old))
        if span.kind in {"PHONE", "ID"}:
            return self._like(old, keep_words=False)
        if span.kind in {"ADDRESS", "PLACE"}:
            return self._place(old)
        if span.kind == "EMAIL":
            return f"{self._pick('family', old).lower()}{self._number('email', old) % 90 + 10}@example.org"
        if span.kind == "URL":
            return f"https://example.org/{self._number('url', old) % 16**6:06x}"
        if span.kind == "IP":
            return f"192.0.2.{self._number('ip', old) % 254 + 1}"  # RFC 5737: of no host
        return as_tag(span, old)

    def _number(self, kind: str, value: str) -> int:
        return self._key.id63("surrogate", self._who, kind, fold(value))

    def _name(self, word: str) -> str:
        low = fold(word)
        if len(low) == 1:
            return self._initial(low).upper() if word.isupper() else self._initial(low)
        return _in_case(self._word(low), word)

    def _initial(self, low: str) -> str:
        """An initial follows the name that it stands for, where that is known."""
        of = sorted(part for part in self._parts if part[0] == low)
        return fold(self._word(of[0]))[0] if of else "abcdefghjklmnprstw"[self._number("initial", low) % 18]

    def _word(self, low: str) -> str:
        if low not in self._chosen:
            self._chosen[low] = self._pick(_pool_of(low), low)
        return self._chosen[low]

    def _pick(self, kind: str, value: str) -> str:
        """One of a pool, never one of the person's own names nor the value itself."""
        pool = pools()[kind]
        place = self._number(kind, value)
        for step in range(len(pool)):
            found = pool[(place + step) % len(pool)]
            if fold(found) not in self._parts and fold(found) != fold(value):
                return found
        return pool[place % len(pool)]

    def _place(self, old: str) -> str:
        """The kind of place stays ("Hospital", "Street"), its name is invented; runs of words become one."""
        words, out, end, previous = word_lists(), [], 0, False
        for match in re.finditer(r"[^\W_]+(?:['\u2019][^\W_]+)*", old):
            low, between = fold(match.group()), old[end : match.start()]
            is_number = low[0].isdecimal()
            own = not (
                is_number or low in _KEPT_IN_PLACES or low in words.institution or low in words.generic
            )
            if own and previous:
                end = match.end()
                continue
            new = match.group()
            if is_number:
                new = self._like(new, keep_words=True)
            elif own:
                new = _in_case(self._pick("town", low), new)
            out += [between, new]
            end, previous = match.end(), own
        return "".join([*out, old[end:]])

    def _like(self, old: str, *, keep_words: bool) -> str:
        """Digits for digits and letters for letters, in the same punctuation; a zero stays where a number begins."""
        bare = "".join(c for c in fold(old) if c.isalnum())

        def replace(run: re.Match[str]) -> str:
            word = run.group()
            if word[0].isdecimal():
                return self._digits(word, f"{bare}/{run.start()}")
            keeps = keep_words or fold(word) in _LABELS
            return word if keeps else self._letters(word, f"{bare}/{run.start()}")

        return _RUN.sub(replace, old)

    def _digits(self, old: str, of: str) -> str:
        zeros = len(old) - len(old.lstrip("0"))
        rest, out = self._number("digits", of), []
        for place, char in enumerate(old[zeros:]):
            if place % 15 == 14:
                rest = self._number(f"digits{place}", of)
            rest, step = divmod(rest, 8)
            out.append(str(1 + (int(char) + step) % 9))  # never the same digit, never a 0
        return old[:zeros] + "".join(out)

    def _letters(self, old: str, of: str) -> str:
        chosen = (self._number(f"letter{i}", of) % 26 for i in range(len(old)))
        return "".join(chr(ord("A" if c.isupper() else "a") + n) for c, n in zip(old, chosen, strict=True))


def _pool_of(low: str) -> str:
    """The pool for a name: a given name's by the lists, of the sex that it is common for; else family names."""
    for kind in ("female", "male"):
        if low in _lowered(kind):
            return kind
    words = word_lists()
    if low in words.given and low not in words.family:
        return "female" if low[-1:] in {*"aeiy"} else "male"
    return "family"


@lru_cache(maxsize=4)
def _lowered(kind: str) -> frozenset[str]:
    return frozenset(fold(name) for name in pools()[kind])


def _in_case(name: str, like: str) -> str:
    """The name in the case of another: all capitals, all small, or as it is."""
    if like.isupper() and len(like) > 1:
        return name.upper()
    return name.lower() if like.islower() else name
