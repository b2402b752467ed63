"""Every source record has one fate, and the fates add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.errors import Fatal

FATES = ("accepted", "quarantined", "merged", "unmapped", "unchanged", "removed")


@dataclass
class Account:
    """Counts of source records (a FHIR resource, a DICOM instance, a VCF record, a CSV row) by fate.

    Invariant: `read == accepted + quarantined + merged + unmapped + unchanged + removed`. The two sides are counted
    apart: `read` where an export is taken to pieces (`met`), the fates where something has become of them (`add`).
    `removed` counts records that an earlier night published and this night's source no longer holds; whoever counts
    them counts them as read too, since the round reads their absence. It also counts statements that a record is no
    more, which are records themselves. `rows` counts lake rows by table, which follow from accepted records.
    """

    read: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def met(self, count: int = 1) -> None:
        """Count `count` records as read, whatever becomes of them."""
        self.read += count

    def add(self, fate: str, count: int = 1, *, reason: str = "", kind: str = "") -> None:
        """Give `count` records their fate, with a reason code or a record type where known; `read` stays."""
        if fate not in FATES:
            raise Fatal(f"unknown fate {fate!r}", "accounting", f"one of {', '.join(FATES)}")
        self.fates[fate] += count
        if reason:
            self.reasons[reason] += count
        if kind:
            self.types[f"{fate}:{kind}"] += count

    def move(self, count: int, before: str, after: str, *, reason: str = "") -> None:
        """Change the fate of `count` records, as when the gate or the merge judges them anew."""
        if self.fates[before] < count:
            raise Fatal(f"only {self.fates[before]} records are {before}, cannot move {count}", "accounting")
        self.fates[before] -= count
        self.fates[after] += count
        if reason:
            self.reasons[reason] += count

    def merge(self, other: Account) -> None:
        """Add another account (another part or unit of the same source) to this one."""
        self.read += other.read
        for name in ("fates", "reasons", "types", "rows", "warnings"):
            getattr(self, name).update(getattr(other, name))

    @property
    def balanced(self) -> bool:
        """Whether every record read has exactly one fate."""
        return self.read == sum(self.fates.values()) and min(self.fates.values(), default=0) >= 0

    def check(self, place: str) -> None:
        """Raise `Fatal` when a record was lost or counted twice."""
        if not self.balanced:
            raise Fatal(f"{self.read} records read but {sum(self.fates.values())} accounted for", place)

    def to_json(self) -> dict[str, Any]:
        """The account as plain JSON values."""
        return {
            "read": self.read,
            "fates": {fate: self.fates.get(fate, 0) for fate in FATES},
            **{n: {k: v for k, v in sorted(getattr(self, n).items()) if v} for n in _DETAILS},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Account:
        """The inverse of `to_json`."""
        account = cls(read=int(data["read"]))
        account.fates.update(data["fates"])
        for name in _DETAILS:
            getattr(account, name).update(data.get(name, {}))
        return account


_DETAILS = ("reasons", "types", "rows", "warnings")
