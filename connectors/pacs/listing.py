"""What a PACS holds that is not published yet, by its own counts: it has no "changed since".

Every night the studies of a window of study dates are compared with what was seen of them, by Number of Study Related
Instances (0020,1208) and Number of Series Related Instances (0020,1209): PS3.4, C.6.1.1. Only studies and series that
grew are asked for their instances; which of those are there already is known by their place in the source.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.pacs.model import NEAR, OFF, Archive, Instance, Series, Study
from connectors.pacs.options import Manners
from connectors.pacs.state import Seen, State, mark
from contracts.units import Discovery, Listed, Source, Stamp

_SPAN_DAYS = 1
"""Studies are asked for day by day: many a PACS cuts off long answers."""


@dataclass
class _Night:
    """What one night lists."""

    archive: Archive
    manners: Manners
    state: State
    instances: list[Instance] = field(default_factory=list)
    pending: dict[str, Seen] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    held_from: str = ""

    def look_at(self, study: Study) -> None:
        """List what a study holds, unless it is as it was."""
        self.counts["studies"] += 1
        before = self.state.seen.get(mark(study.uid))
        if before is not None and study.instances is not None and before.instances == study.instances:
            return
        if study.availability == OFF:
            self.counts["offline"] += 1
            return
        if study.availability == NEAR:
            if self.counts["recalled"] >= self.manners.recalls:
                self.counts["left on tape"] += 1
                self.held_from = self.held_from or study.day  # days come in their order
                return
            self.counts["recalled"] += 1
        self.counts["grown" if before else "new"] += 1
        self._list_study(study, before)

    def _list_study(self, study: Study, before: Seen | None) -> None:
        known = before.series if before else {}
        seen, stated, whole = dict[str, int](), 0, True
        for series in self.archive.series(study.uid):
            stated += series.instances or 0
            name = mark(series.uid)
            if not self._is_wanted(series):
                continue
            if series.instances is not None and known.get(name) == series.instances:
                seen[name] = series.instances
                continue
            found = list(dict.fromkeys(self.archive.instances(study.uid, series.uid)))
            self.instances += [Instance(study.uid, series.uid, uid) for uid in found]
            seen[name] = len(found)
            whole = whole and series.instances in (None, len(found))
        counted = study.instances if whole and stated == study.instances else None
        self.counts["incomplete"] += counted is None and study.instances is not None
        self.pending[mark(study.uid)] = Seen(study.day, counted, seen)

    def _is_wanted(self, series: Series) -> bool:
        wanted = self.manners.modalities
        return series.availability != OFF and (not wanted or series.modality in wanted)

    @property
    def told(self) -> str:
        """Figures for who watches."""
        parts = [f"{self.counts['studies']:,} studies"]
        parts += [f"{self.counts[n]:,} {n}" for n in ("new", "grown", "recalled", "left on tape", "offline")
                  if self.counts[n]]  # fmt: skip
        if self.counts["incomplete"]:
            parts.append(f"{self.counts['incomplete']:,} not yet complete")
        return f"{', '.join(parts)}; {len(self.instances):,} instances to compare"


def step(archive: Archive, source: Source, manners: Manners, state: State, now: datetime) -> Discovery:
    """List what is new in the hours in which the PACS may be asked; outside them, say how long to wait.

    Args:
        now: with a zone; brought to the source's.

    Raises:
        Fatal, Unreachable: as the archive does. Nothing is kept of a listing that was cut off: it cost queries alone.
    """
    here = now.astimezone(ZoneInfo(source.time_zone))
    closed = manners.hours.seconds_until(here.time()) if manners.hours else 0.0
    if closed > 60 * manners.patience_minutes:
        problem = "outside the hours in which the PACS may be asked; the next round inside them goes on"
        return Discovery((), state.dump(), problem=problem)
    if closed:
        return Discovery((), state.dump(), wait_seconds=closed, progress="waits for the hours of the PACS")
    request = _digest(source, manners)
    if state.request != request:
        state = State(request)
    return _list(_Night(archive, manners, state), here.date())


def _digest(source: Source, manners: Manners) -> str:
    """Tells one request from another: one of other series or from an earlier day begins anew."""
    parts = (source.location, source.kind, str(manners.since), ",".join(sorted(manners.modalities)))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _list(night: _Night, today: date) -> Discovery:
    reached = ""
    for day in _window(night.manners, night.state.reached, today):
        for study in night.archive.studies(day, day + timedelta(days=_SPAN_DAYS - 1)):
            night.look_at(study)
        reached = _text(day)
        if len(night.instances) >= night.manners.most_instances:
            break
    begin = _text(today - timedelta(days=night.manners.look_back_days))
    reached = min(reached, night.held_from or reached)
    oldest = min(begin, reached)
    kept = {uid: seen for uid, seen in night.state.seen.items() if seen.day >= oldest}
    state = replace(night.state, seen=kept, next_reached=reached, pending=night.pending)
    paths = sorted({instance.path for instance in night.instances})
    listed = tuple(Listed(path, Stamp(0, "", "instance")) for path in paths)
    return Discovery(listed, state.dump(), progress=night.told)


def _window(manners: Manners, reached: str, today: date) -> Iterator[date]:
    """The days to look at: the window, and before it those not reached yet; tomorrow too, for clocks that run ahead."""
    day = today - timedelta(days=manners.look_back_days)
    if reached:
        day = min(day, datetime.strptime(reached, "%Y%m%d").date())  # noqa: DTZ007
    elif manners.since:
        day = min(day, manners.since)
    while day <= today + timedelta(days=1):
        yield day
        day += timedelta(days=_SPAN_DAYS)


def _text(day: date) -> str:
    return f"{day:%Y%m%d}"
