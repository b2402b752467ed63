"""A measured figure beside its peer and its goal, and how figures are shown and kept."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import orjson

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: what was measured.
        ours: the median of ours, with its unit.
        peer: the median of what it is held against, with its unit; empty where there is none.
        value: the number that the goal is about.
        goal: the goal's number; None where a figure is stated and has no goal.
        meaning: the goal in words; the value is to be at most the goal.
        details: every run, and what else explains the figure.
    """

    name: str
    ours: str
    peer: str
    value: float
    goal: float | None = None
    meaning: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or `stated` where there is no goal."""
        if self.goal is None:
            return "stated"
        return "met" if self.value <= self.goal else "missed"


def ratio_of_medians(ours: Sequence[float], peer: Sequence[float]) -> float:
    """The median of ours over the median of the peer's."""
    return median(ours) / median(peer)


def as_table(figures: Sequence[Figure]) -> str:
    """The figures as aligned columns."""
    head = ("figure", "ours", "peer", "value", "goal", "")
    rows = [(f.name, f.ours, f.peer, f"{f.value:.3g}", f.meaning, f.verdict) for f in figures]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]
    ]
    return "\n".join(line.rstrip() for line in lines)


def save(figures: Sequence[Figure], *, quick: bool) -> Path:
    """Write the figures and the machine as JSON under `benchmarks/results`; returns its path."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    rows = [{**asdict(figure), "verdict": figure.verdict} for figure in figures]
    found = {
        "measured": now.isoformat(timespec="seconds"),
        "machine": machine,
        "quick": quick,
        "figures": rows,
    }
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}{'-quick' if quick else ''}.json"
    path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    return path
