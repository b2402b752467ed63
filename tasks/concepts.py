"""Concepts: what a source code is in OMOP's vocabularies, as far as there are any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


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
    """Looks codes up. `digest` tells its content apart: a change reprocesses."""

    digest: str

    def concepts_of(self, codes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Concept, ...]]:
        """By (vocabulary, code): its concepts, the first being the record's own; absent where nothing is known."""
        ...

    def units_of(self, units: Iterable[str]) -> dict[str, int]:
        """UCUM codes with a standard unit concept."""
        ...


class NoVocabulary:
    """No vocabulary is at hand: nothing is known of any code."""

    digest = "none"

    def concepts_of(self, codes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Concept, ...]]:
        """Nothing."""
        return {}

    def units_of(self, units: Iterable[str]) -> dict[str, int]:
        """Nothing."""
        return {}
