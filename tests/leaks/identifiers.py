"""What must not be found: every identifier of the inputs, collected without any of the product's code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.leaks.spellings import SHORTEST
from tests.leaks.words import ambiguity


@dataclass(frozen=True)
class Identifier:
    """One identifier of one person (or of one export, where `person` is empty).

    Attributes:
        kind: what it is (`given_name`, `ssn`, `uid`, `file_name`, ...).
        value: as the input spells it; a birth date in ISO form; a full name as `family^given`.
        person: `fhir/<Patient id>` or `dicom/<PatientID>`, or "".
        ambiguous: why it is not matched alone; "" when it is.
    """

    kind: str
    value: str = field(repr=False)
    person: str = field(default="", repr=False)
    ambiguous: str = ""


@dataclass
class Identifiers:
    """A set of identifiers, and the words that the same inputs use for other things."""

    items: list[Identifier] = field(default_factory=list, repr=False)
    too_short: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    ordinary: set[str] = field(default_factory=set, repr=False)
    _seen: set[tuple[str, str, str]] = field(default_factory=set, repr=False)

    def add(self, kind: str, value: object, person: str = "") -> None:
        """Add a value; empty ones are left out, short ones are counted only."""
        text = " ".join(str(value or "").split())
        if not text or (kind, text, person) in self._seen:
            return
        self._seen.add((kind, text, person))
        if len(text) < SHORTEST:
            self.too_short[kind] += 1
        else:
            self.items.append(Identifier(kind, text, person))

    def settle(self) -> Identifiers:
        """Mark what cannot be matched alone, now that all ordinary words are known."""
        self.items = [
            Identifier(i.kind, i.value, i.person, ambiguity(i.kind, i.value, self.ordinary))
            for i in self.items
        ]
        return self

    def by_kind(self) -> dict[str, tuple[int, int]]:
        """Kind -> (matched alone, ambiguous), in alphabetical order."""
        matched = Counter(i.kind for i in self.items if not i.ambiguous)
        stopped = Counter(i.kind for i in self.items if i.ambiguous)
        return {kind: (matched[kind], stopped[kind]) for kind in sorted({*matched, *stopped})}


def collect(paths: Mapping[str, Sequence[str | Path]]) -> Identifiers:
    """Collect the identifiers of exports.

    Args:
        paths: kind of export (of `sources.READERS`) -> files or folders. Folders are walked.

    Raises:
        KeyError: an export kind that nobody can read here.
    """
    from tests.leaks.sources import READERS

    found = Identifiers()
    for kind, places in paths.items():
        for path in _files(places):
            found.add("file_name", path.name)
            found.add("file_stem", path.name.removesuffix(".gz").rpartition(".")[0])
            found.sources[kind] += 1
            READERS[kind](path, found)
    return found.settle()


def add_truth(found: Identifiers, path: Path) -> Identifiers:
    """Add identifiers that a file lists: `[{"kind": ..., "value": ..., "person": ...}]`."""
    for entry in json.loads(path.read_text()):
        found.add(entry["kind"], entry["value"], entry.get("person", ""))
    return found.settle()


def _files(places: Sequence[str | Path]) -> list[Path]:
    found: list[Path] = []
    for place in map(Path, places):
        if not place.exists():
            raise FileNotFoundError("an export given to the leak test does not exist")
        found += sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
    return found
