"""What was planted and what was written: the book from which `truth.json` is made."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

_FATES = ("accepted", "quarantined", "merged", "unmapped", "removed")


@dataclass
class Ledger:
    """Counts of records and the planted dirt, with the fate that each should meet.

    Fates are those of `contracts.accounting` (accepted, quarantined, merged, unmapped, removed), and two more that are
    no fates of records: `flagged` (accepted, with a warning) and `ignored` (what is counted and not read).
    """

    counts: dict[tuple[int, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    types: dict[tuple[int, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    planted: list[dict[str, Any]] = field(default_factory=list)

    def count(self, night: int, source: str, fate: str, kind: str, number: int = 1) -> None:
        """Count `number` source records of type `kind` that should meet `fate`."""
        self.counts[night, source][fate] += number
        self.types[night, source][f"{fate}:{kind}"] += number

    def count_file(self, night: int, source: str, number: int = 1) -> None:
        """Count files written for a source, of whatever content."""
        self.counts[night, source]["files"] += number

    def plant(self, kind: str, night: int, source: str, fate: str, where: str, **more: Any) -> None:
        """Note one piece of dirt: `where` is the file's path in the source (patient data)."""
        self.planted.append(
            {"kind": kind, "night": night, "source": source, "fate": fate, "where": where, **more}
        )

    def to_json(self) -> dict[str, Any]:
        """Counts by night and source, and the planted dirt, as plain JSON values."""
        counts: dict[str, Any] = {}
        for (night, source), counter in sorted(self.counts.items()):
            fates = {name: counter[name] for name in _FATES}
            counts.setdefault(f"night-{night}", {})[source] = {
                "files": counter["files"],
                "read": sum(fates.values()),
                **fates,
                "ignored": counter["ignored"],
                "types": dict(sorted(self.types[night, source].items())),
            }
        return {"counts": counts, "planted": self.planted}


@dataclass
class Statements:
    """What a feed of one source states of things in one night: a thing that is stated again counts as merged."""

    ledger: Ledger
    night: int
    source: str
    _known: set[tuple[str, ...]] = field(default_factory=set)

    def say(self, kind: str, *key: str, fate: str = "accepted") -> None:
        """Count a statement of type `kind` about the thing that `key` names."""
        thing = (kind, *key)
        self.ledger.count(self.night, self.source, "merged" if thing in self._known else fate, kind)
        self._known.add(thing)

    def note(self, kind: str, fate: str, number: int = 1) -> None:
        """Count what is no statement about a thing: rejected, ignored, or taken back."""
        self.ledger.count(self.night, self.source, fate, kind, number)

    def plant(self, kind: str, fate: str, where: str, **more: Any) -> None:
        """Note one piece of dirt of this feed; see `Ledger.plant`."""
        self.ledger.plant(kind, self.night, self.source, fate, where, **more)
