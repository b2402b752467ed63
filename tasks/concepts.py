"""Concepts: what a source code is in OMOP's vocabularies, as far as there are any.

A code's concept is found in the site's own map first, then in the vocabularies that the home has loaded: a standard
concept is itself; another is what it `Maps to`, with the value that it `Maps to value`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from stores.home import Home
    from stores.vocabulary import Known, Target, Vocabularies
    from stores.vocabulary_drugs import Drugs
    from stores.vocabulary_site import SiteCode, SiteMap

UCUM = "UCUM"
NONE = "none"
"""The digest of no vocabulary."""
Pair = tuple[str, str]
"""(vocabulary, code)"""

_CACHED = 200_000
_VALUED = ("Measurement", "Observation")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Concept:
    """One standard concept of a source code, or none with what is known of the code itself.

    Attributes:
        concept_id: the standard concept; 0 where the code maps to none.
        source_concept_id: the code's own concept; 0 where the vocabularies do not have it.
        domain: domain of the standard concept, else of the source concept; empty where neither is known.
        value_concept_id: what `Maps to value` says the value is, or None.
    """

    concept_id: int = 0
    source_concept_id: int = 0
    domain: str = ""
    value_concept_id: int | None = None


class Vocabulary(Protocol):
    """Looks codes up."""

    @property
    def digest(self) -> str:
        """Tells its content apart: a change reprocesses."""
        ...

    def concepts_of(self, codes: Iterable[Pair]) -> dict[Pair, tuple[Concept, ...]]:
        """By (vocabulary, code): its concepts, the first being the record's own; absent where nothing is known."""
        ...

    def units_of(self, units: Iterable[str]) -> dict[str, int]:
        """UCUM codes with a standard unit concept."""
        ...


class NoVocabulary:
    """No vocabulary is at hand: nothing is known of any code."""

    digest = NONE

    def concepts_of(self, codes: Iterable[Pair]) -> dict[Pair, tuple[Concept, ...]]:
        """Nothing."""
        return {}

    def units_of(self, units: Iterable[str]) -> dict[str, int]:
        """Nothing."""
        return {}


class LoadedVocabulary:
    """The site's map over the vocabularies that the home has loaded. What was looked up is remembered.

    Args:
        vocabularies: those of the home; None where it has none.
        site: the site's own map.
    """

    def __init__(self, vocabularies: Vocabularies | None, site: SiteMap) -> None:
        self._store, self._site = vocabularies, site
        self.digest = vocabularies.digest if vocabularies else NONE
        self._concepts: dict[Pair, tuple[Concept, ...]] = {}

    def concepts_of(self, codes: Iterable[Pair]) -> dict[Pair, tuple[Concept, ...]]:
        """By (vocabulary, code): its concepts; see `Vocabulary`."""
        wanted = list(codes)
        fresh = [pair for pair in wanted if pair not in self._concepts]
        if len(self._concepts) + len(fresh) > _CACHED:
            self._concepts.clear()
            fresh = wanted
        if fresh:
            self._concepts.update(dict.fromkeys(fresh, ()))
            self._concepts.update(self._look_up(fresh))
        return {pair: found for pair in wanted if (found := self._concepts[pair])}

    def units_of(self, units: Iterable[str]) -> dict[str, int]:
        """UCUM codes with a standard unit concept."""
        found = self.concepts_of([(UCUM, unit) for unit in units])
        return {unit: several[0].concept_id for (_, unit), several in found.items() if several[0].concept_id}

    def _look_up(self, pairs: list[Pair]) -> dict[Pair, tuple[Concept, ...]]:
        known = self._known(pairs)
        stated = {pair: code for pair in pairs if (code := self._site.find(*pair))}
        by_site = [target for code in stated.values() for target in code.targets]
        at_hand = _call(self._store, lambda store: store.concepts(by_site)) or {}
        sources = [k.concept_id for k in (*known.values(), *at_hand.values()) if not k.standard]
        targets = _call(self._store, lambda store: store.targets(sources)) or {}
        found = {pair: _concepts(concept, targets) for pair, concept in known.items()}
        for pair, code in stated.items():
            found[pair] = self._stated(code, known.get(pair), at_hand, targets) or found.get(pair, ())
        return found

    def _known(self, pairs: list[Pair]) -> dict[Pair, Known]:
        """The codes' own concepts."""
        if self._store is None:
            return {}
        by_vocabulary: dict[str, list[str]] = {}
        for vocabulary, code in pairs:
            by_vocabulary.setdefault(vocabulary, []).append(code)
        return {
            (vocabulary, code): known
            for vocabulary, codes in by_vocabulary.items()
            for code, known in self._store.find(vocabulary, codes).items()
        }

    def _stated(
        self, code: SiteCode, known: Known | None, at_hand: dict[int, Known], targets: dict[int, list[Target]]
    ) -> tuple[Concept, ...]:
        """What the site says: its targets, brought to standard ones where the vocabularies know them to be others."""
        own = code.source_concept_id or (known.concept_id if known else 0)
        found: dict[tuple[int, int | None], Concept] = {}
        for target in code.targets:
            concept = at_hand.get(target)
            if concept is None:  # no vocabulary that has it is loaded: the site's word is all there is
                several: tuple[Concept, ...] = (Concept(target, own),)
            else:
                several = _concepts(concept, targets)
            for one in several:
                if one.concept_id:
                    mended = Concept(one.concept_id, own, one.domain, one.value_concept_id)
                    found.setdefault((one.concept_id, one.value_concept_id), mended)
        return tuple(found.values())


def _concepts(known: Known, targets: dict[int, list[Target]]) -> tuple[Concept, ...]:
    """A code's concepts: the code's own kind first, so that the record keeps its id and the others are added to it.

    A value goes with what can hold one: the measurements and observations among the concepts.
    """
    own = known.concept_id
    if known.standard:
        return (Concept(own, own, known.domain),)
    meant = [target for target in targets.get(own, ()) if not target.is_value]
    if not meant:
        return (Concept(0, own, known.domain),)
    values = [target.concept_id for target in targets[own] if target.is_value]
    meant.sort(key=lambda target: (target.domain != known.domain, target.concept_id))
    return tuple(
        Concept(target.concept_id, own, target.domain, value)
        for target in meant
        for value in (values if values and target.domain in _VALUED else [None])
    )


def _call(store: Vocabularies | None, ask: Callable[[Vocabularies], _T]) -> _T | None:
    return None if store is None else ask(store)


@dataclass
class Watched:
    """A vocabulary that remembers which terminologies it was asked for: what of the site's map concerns a unit."""

    inner: Vocabulary
    asked: set[str] = field(default_factory=set)

    @property
    def digest(self) -> str:
        """That of the vocabulary."""
        return self.inner.digest

    def concepts_of(self, codes: Iterable[Pair]) -> dict[Pair, tuple[Concept, ...]]:
        """What the vocabulary says."""
        wanted = list(codes)
        self.asked.update(vocabulary for vocabulary, _ in wanted)
        return self.inner.concepts_of(wanted)

    def units_of(self, units: Iterable[str]) -> dict[str, int]:
        """What the vocabulary says."""
        wanted = list(units)
        if wanted:
            self.asked.add(UCUM)
        return self.inner.units_of(wanted)


def open_vocabulary(home: Home) -> Vocabulary:
    """The vocabulary of a home, opened once a process and content: its loaded files under the adopted site map."""
    from stores.vocabulary import Vocabularies
    from stores.vocabulary_site import adopted_stamp

    file = home.vocabulary / Vocabularies.FILE
    stamp = file.stat().st_mtime_ns if file.is_file() else 0
    return _open(home.vocabulary, os.getpid(), stamp, adopted_stamp(home.vocabulary))


@lru_cache(maxsize=4)
def _open(folder: Path, _process: int, _stamp: int, _adopted: int) -> Vocabulary:
    from stores.vocabulary import Vocabularies
    from stores.vocabulary_site import adopted_site_map

    vocabularies, site = Vocabularies.open(folder), adopted_site_map(folder)
    return LoadedVocabulary(vocabularies, site) if vocabularies or len(site) else NoVocabulary()


def open_drugs(home: Home) -> Drugs | None:
    """What the home's vocabularies tell of drugs; None where none were loaded."""
    from stores.vocabulary import Vocabularies

    vocabularies = Vocabularies.open(home.vocabulary)
    return None if vocabularies is None else vocabularies.drugs


def adopt_vocabulary(home: Home) -> dict[str, str]:
    """Take the site's map as it is now for this round; returns what of the vocabulary is part of its recipes.

    Raises:
        Fatal: the site's map cannot be read.
    """
    from stores.vocabulary_site import adopt_site_map

    return vocabulary_parts(home, adopt_site_map(home.vocabulary))


def vocabulary_parts(home: Home, site: SiteMap) -> dict[str, str]:
    """What of it is part of a recipe: `vocabulary`, and `codes:<vocabulary>` for each that the site maps codes of."""
    from stores.vocabulary import Vocabularies

    vocabularies = Vocabularies.open(home.vocabulary)
    digest = NONE
    if vocabularies is not None:
        digest = vocabularies.digest
        vocabularies.close()
    return {"vocabulary": digest, **{f"codes:{name}": value for name, value in site.digests.items()}}
