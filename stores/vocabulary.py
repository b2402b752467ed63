"""OMOP's vocabularies, as far as a home has them: one read-only SQLite file, made by `nightrounds vocabulary load`.

It holds what looking a code up needs: concepts with their domain and validity, and what they map to. No patient data.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from contracts.errors import Fatal
from stores.vocabulary_codes import code_keys
from stores.vocabulary_drugs import Drugs, status_of

FORMAT = 2
"""Version of the file's layout."""
_CHUNK = 500


@dataclass(frozen=True)
class Known:
    """A concept that a code is.

    Attributes:
        concept_id: the concept.
        domain: its domain.
        standard: whether it is standard and valid.
    """

    concept_id: int
    domain: str
    standard: bool


@dataclass(frozen=True)
class Target:
    """A standard concept that another maps to; `is_value`: by `Maps to value`."""

    concept_id: int
    domain: str
    is_value: bool


class Vocabularies:
    """The vocabularies of a home, open for reading.

    Args:
        path: the file.

    Raises:
        Fatal: the file is of another layout, or none.
    """

    FILE: ClassVar[str] = "concepts.db"

    def __init__(self, path: Path) -> None:
        # immutable: no lock and no look for other writers. The file is replaced, never changed.
        self._db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        try:
            self._meta: dict[str, str] = dict(self._db.execute("SELECT name, value FROM meta"))
        except sqlite3.DatabaseError:
            self._meta = {}
        if self._meta.get("format") != str(FORMAT):
            raise Fatal("the vocabulary is of another version", "vocabulary", "nightrounds vocabulary load")
        self._db.execute("PRAGMA mmap_size = 4294967296")
        self._numbers = {id_: number for number, id_ in self._db.execute("SELECT number, id FROM vocabulary")}
        self._domains = dict(self._db.execute("SELECT number, id FROM domain"))

    @classmethod
    def open(cls, folder: Path) -> Vocabularies | None:
        """The vocabularies in the home's folder `vocabulary/`; None where none were loaded."""
        path = folder / cls.FILE
        return cls(path) if path.is_file() else None

    @property
    def digest(self) -> str:
        """Digest of what look-ups can say."""
        return self._meta["digest"]

    @property
    def drugs(self) -> Drugs:
        """What they tell of drugs."""
        return Drugs(self._db, self._meta["drugs_digest"])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def find(self, vocabulary: str, codes: Iterable[str]) -> dict[str, Known]:
        """Concepts of a vocabulary's codes. Of several for one code (codes are used again) the valid, then the newest.

        A code that could be several (an NDC of ten digits) and is more than one of them has none.
        """
        number = self._numbers.get(vocabulary)
        if number is None:
            return {}
        keys = {code: code_keys(vocabulary, code) for code in codes}
        wanted = sorted({key for several in keys.values() for key in several})
        query = (
            "SELECT key, concept_id, domain, standard FROM concept WHERE vocabulary = ? AND key IN ({}) "
            "ORDER BY valid, valid_end, concept_id DESC"
        )
        found = {
            key: Known(concept, self._domains[domain], bool(standard))
            for key, concept, domain, standard in self._select(query, wanted, number)
        }
        held = {code: [found[key] for key in several if key in found] for code, several in keys.items()}
        return {code: known[0] for code, known in held.items() if len(known) == 1}

    def concepts(self, ids: Iterable[int]) -> dict[int, Known]:
        """Concepts by id."""
        query = "SELECT concept_id, domain, standard FROM concept WHERE concept_id IN ({})"
        return {
            concept: Known(concept, self._domains[domain], bool(standard))
            for concept, domain, standard in self._select(query, sorted(set(ids)))
        }

    def targets(self, ids: Iterable[int]) -> dict[int, list[Target]]:
        """What concepts map to, ordered by id; those that map to nothing are absent."""
        query = "SELECT concept_id, is_value, target_id, domain FROM mapping WHERE concept_id IN ({}) ORDER BY 1, 2, 3"
        found: dict[int, list[Target]] = {}
        for concept, is_value, target, domain in self._select(query, sorted(set(ids))):
            found.setdefault(concept, []).append(Target(target, self._domains[domain], bool(is_value)))
        return found

    def _select(self, query: str, values: list[Any], *first: Any) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(values), _CHUNK):
            chunk = values[start : start + _CHUNK]
            yield from self._db.execute(query.format(", ".join("?" * len(chunk))), (*first, *chunk))

    def status(self) -> dict[str, Any]:
        """What was loaded: release, digest, counts, and one row for each vocabulary."""
        rows = self._db.execute("SELECT id, version, concepts, standard FROM vocabulary ORDER BY id")
        numbers = ("concepts", "mappings", "mappings_stated", "mappings_elsewhere", "lines_left_out")
        return {
            "release": self._meta["release"],
            "digest": self.digest,
            **{name: int(self._meta[name]) for name in numbers},
            **status_of(self._meta),
            "vocabularies": [
                {"vocabulary": id_, "version": version, "concepts": concepts, "standard": standard}
                for id_, version, concepts, standard in rows
            ],
        }

    def describe(self, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Concepts by id as a person reads them: name, vocabulary, code, domain, validity."""
        query = (
            "SELECT concept_id, vocabulary.id, code, name, domain, concept.standard, valid, valid_start, valid_end "
            "FROM concept JOIN vocabulary ON vocabulary.number = concept.vocabulary WHERE concept_id IN ({})"
        )
        names = (
            "concept_id",
            "vocabulary",
            "code",
            "name",
            "domain",
            "standard",
            "valid",
            "valid_from",
            "valid_to",
        )
        found = {}
        for row in self._select(query, sorted(set(ids))):
            values = dict(zip(names, row, strict=True))
            values |= {
                "domain": self._domains[values["domain"]],
                "standard": bool(values["standard"]),
                "valid": bool(values["valid"]),
            }
            found[int(row[0])] = values
        return found

    def known_vocabularies(self) -> list[str]:
        """Ids of the vocabularies, sorted."""
        return sorted(self._numbers)
