"""What a scan found, and what it looked at."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from tests.leaks.identifiers import Identifier


@dataclass(frozen=True)
class Finding:
    """One kind of identifier in one place.

    Attributes:
        store: first folder of the path under the home (`lake`, `vectors`, ...), or the file's name.
        file: path relative to the home.
        where: column, table, element, member or "raw bytes".
        kind: the identifier's kind.
        sample: the first one found, redacted.
        count: how often (rows where the table names persons, else distinct values of a column).
        certain: False for a birth date that may be another person's shifted date; see `scanner.survey`.
    """

    store: str
    file: str
    where: str
    kind: str
    sample: str
    count: int
    certain: bool = True


@dataclass
class Report:
    """All findings of a scan and the extent of it."""

    found: dict[tuple[str, str, str, str, bool], tuple[str, int]] = field(default_factory=dict)
    files: Counter[str] = field(default_factory=Counter)
    volume: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    strings: Counter[str] = field(default_factory=Counter)
    undecoded: list[tuple[str, str]] = field(default_factory=list)
    coincidences: int = 0

    def add(
        self, place: tuple[str, str, str], identifier: Identifier, count: int = 1, certain: bool = True
    ) -> None:
        """Count a hit at `place` (store, file, where)."""
        key = (*place, identifier.kind, certain)
        sample, before = self.found.get(key, (redact(identifier.value), 0))
        self.found[key] = (sample, before + count)

    @property
    def findings(self) -> list[Finding]:
        """All findings, the certain ones first."""
        rows = [Finding(*key[:4], sample, count, key[4]) for key, (sample, count) in self.found.items()]
        return sorted(rows, key=lambda f: (not f.certain, f.store, f.file, f.where, f.kind))


def redact(value: str) -> str:
    """Enough of a value to look it up by who holds the input, and no more."""
    return f"{value[:2]}...({len(value)} characters, {hashlib.sha256(value.encode()).hexdigest()[:8]})"
