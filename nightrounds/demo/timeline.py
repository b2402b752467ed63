"""A person's days as a line: true dates and shifted ones side by side, with the days between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Stop:
    """One day on the line.

    Attributes:
        true: the date as it arrived; None where only the stored date is known.
        stored: the date in the lake.
        kinds: what happened: visit, study and so on, each once.
        position: distance from the first stop, 0 to 1.
        days: days since the stop before, by the stored dates; None for the first.
        true_days: the same by the true dates.
    """

    true: dt.date | None
    stored: dt.date
    kinds: tuple[str, ...]
    position: float
    days: int | None
    true_days: int | None

    @property
    def intact(self) -> bool:
        """Whether the interval to the stop before is the true one."""
        return self.true is None or self.days == self.true_days


def lay_out(
    events: Mapping[dt.date, Sequence[str]], true_dates: Sequence[dt.date], least: float = 0.13
) -> list[Stop]:
    """Place the days of `events` on a line from 0 to 1, gaps by the root of their days so that all can be read.

    Args:
        events: what happened, by stored date.
        true_dates: the days as they arrived; paired with the stored ones in order, if there are as many.
        least: the smallest gap, so that neighbouring labels do not touch.
    """
    stored = sorted(events)
    known = sorted(set(true_dates))
    true: Sequence[dt.date | None] = known if len(known) == len(stored) else [None] * len(stored)
    gaps = [(b - a).days for a, b in pairwise(stored)]
    positions = _positions(gaps, least)
    stops: list[Stop] = []
    for number, day in enumerate(stored):
        before, now = (true[number - 1] if number else None), true[number]
        stops.append(
            Stop(
                true=now,
                stored=day,
                kinds=tuple(dict.fromkeys(events[day])),
                position=positions[number],
                days=gaps[number - 1] if number else None,
                true_days=(now - before).days if now is not None and before is not None else None,
            )
        )
    return stops


def _positions(gaps: Sequence[int], least: float) -> list[float]:
    """Cumulated widths: `least` for each gap (less where there are many), the rest shared out by root of days."""
    if not gaps:
        return [0.0]
    least = min(least, 0.8 / len(gaps))
    roots = [gap**0.5 for gap in gaps]
    total = sum(roots) or 1.0
    widths = [least + (1 - least * len(gaps)) * root / total for root in roots]
    positions = [0.0]
    for width in widths:
        positions.append(positions[-1] + width)
    return positions
