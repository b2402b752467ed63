"""What the gate says of a batch of rows: which are held back and why, and counts, never a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RowVerdict:
    """What the gate says of one batch.

    Attributes:
        table: the lake table.
        suite: digest of the suite, "" where the table has none.
        rows: how many were judged.
        rejected: (row index, reason code) of the rows to quarantine, ascending, each row once.
        warnings: rows that are odd but pass, by reason code.
        failures: failing rows by `Expectation.name`.
    """

    table: str
    suite: str
    rows: int
    rejected: list[tuple[int, str]] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Counts only, as `merge_verdicts` and `judge_table` take them."""
        return {
            "table": self.table,
            "suite": self.suite,
            "rows": self.rows,
            "rejected": len(self.rejected),
            "reasons": dict(sorted(Counter(reason for _, reason in self.rejected).items())),
            "warnings": dict(sorted(self.warnings.items())),
            "failures": dict(sorted(self.failures.items())),
        }
