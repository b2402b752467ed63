"""One round: its stores, its options and what it has found out so far. Lives in the flow's process alone."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from connectors.registry import connector, source_components
from contracts.accounting import Account
from contracts.errors import Fatal
from contracts.units import Source, Unit
from flows.executor import Executor, Failure, open_executor
from flows.settings import Settings, load_settings
from stores.catalog import Catalog
from stores.home import Home
from stores.lake import Lake
from stores.lease import Lease
from stores.releases import Releases
from stores.vectors import Vectors
from tasks.concepts import adopt_vocabulary
from tasks.publishing import Publication
from tasks.recipe import components, reference_components
from tasks.workroom import (
    Workroom,
    load_sources,
    open_workroom,
    save_image_policy,
    save_sources,
    save_text_policy,
    save_variant_policy,
)


@dataclass(frozen=True)
class Options:
    """What a round was asked to do beyond its sources."""

    reprocess: bool = False
    verify: bool = False


@dataclass
class SourceOutcome:
    """What became of one source in this round."""

    kind: str
    listed: int = 0
    to_read: list[Unit] = field(default_factory=list)
    reasons: dict[str, Counter[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    out_of_reach: list[str] = field(default_factory=list)
    account: Account | None = None
    publications: list[Publication] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    problem: str = ""
    publishing: bool = False
    """Whether its publication was begun and not ended: its tables may not belong together."""


@dataclass
class Round:
    """The state of a round. `seconds` holds the wall time of each stage and table."""

    room: Workroom
    settings: Settings
    catalog: Catalog
    lake: Lake
    vectors: Vectors
    releases: Releases
    executor: Executor
    options: Options
    run_id: str
    number: int
    today: date
    started: datetime
    sources: dict[str, SourceOutcome] = field(default_factory=dict)
    linkage: dict[str, int] = field(default_factory=dict)
    linkage_changed: bool = False
    derived: dict[str, int] = field(default_factory=dict)
    embedded: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    exported: dict[str, Any] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    vocabulary: dict[str, str] = field(default_factory=dict)
    release: int | None = None
    changed: bool = False
    interrupted: list[str] = field(default_factory=list)

    @property
    def late(self) -> bool:
        """Whether the deadline has passed: what is not begun is left to the next round."""
        passed = datetime.now(UTC) - self.started
        return passed.total_seconds() > 60 * self.settings.schedule.deadline_minutes

    @property
    def home(self) -> Home:
        """The home that the round works on."""
        return self.room.home

    def source(self, name: str) -> Source:
        """A source of the round by name."""
        return load_sources(self.room.vault)[name]

    def recipe_of(self, name: str) -> dict[str, str]:
        """The components of a source's recipe in this round, by name."""
        source = self.source(name)
        parts = components(
            source.kind,
            connector(source.kind).version,
            self.home.profile,
            self.home.key_id,
            self.vocabulary,
            self.settings.privacy.text_policy(),
            self.settings.imaging.policy(),
            self.settings.genomics.policy(),
        )
        return parts | source_components(source) | reference_components(source)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the wall time of the block to `seconds[name]`."""
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + perf_counter() - start, 3)

    @property
    def failed(self) -> int:
        """Units and sources that ended in an error."""
        after = sum(
            bool(found.get("problem")) for found in (*self.embedded.values(), self.objects, self.exported)
        )
        return after + sum(len(s.failures) + bool(s.problem) for s in self.sources.values())

    @property
    def held_back(self) -> int:
        """Records in quarantine and tables blocked or held, for this round's sources."""
        records = sum(s.account.fates["quarantined"] for s in self.sources.values() if s.account)
        tables = sum(p.state in {"blocked", "held"} for s in self.sources.values() for p in s.publications)
        return records + tables

    @property
    def blocked(self) -> list[Publication]:
        """Publications that the gate stopped, or that wait for one it stopped."""
        return [p for s in self.sources.values() for p in s.publications if p.state in {"blocked", "held"}]

    @property
    def critical(self) -> list[str]:
        """Critical checks between tables that fail: readers keep the release they have."""
        return [str(c["check"]) for c in self.checks if c["severity"] == "critical" and c["failing"]]

    @property
    def state(self) -> str:
        """One word for how the round ended: failed, blocked, quarantine or published."""
        if self.failed:
            return "failed"
        if self.blocked or self.critical:
            return "blocked"
        return "quarantine" if self.held_back else "published"

    @property
    def exit_code(self) -> int:
        """0 all published, 1 error, 3 something held back."""
        return {"failed": 1, "blocked": 3, "quarantine": 3, "published": 0}[self.state]


_ROUNDS: dict[str, Round] = {}


def round_by(run_id: str) -> Round:
    """The running round of this process, so that tasks are told its id and nothing else."""
    if run_id not in _ROUNDS:
        raise Fatal(
            "no such round runs in this process", run_id, "start one with night_round or a refresh flow"
        )
    return _ROUNDS[run_id]


def home_path() -> Path:
    """The home of this process: `NIGHTROUNDS_HOME`, else `./nightrounds-home`."""
    return Path(os.environ.get("NIGHTROUNDS_HOME", "nightrounds-home")).resolve()


@contextmanager
def open_round(
    options: Options, *, sync: bool = False, today: date | None = None, flow_run_id: str = ""
) -> Iterator[Round]:
    """Open the stores of this process's home under the home-wide lease, begin a round, and close it all at the end.

    Raises:
        Retriable: another round holds the home.
        Fatal: no home, no key, or wrong settings.
    """
    path = home_path()
    settings = load_settings(path)
    use_overlay(settings)
    settings.genomics.suppression().digest()  # a wrong BED file stops the round before it reads anything
    if sync:
        settings.dask.mode = "sync"
    with ExitStack() as stack:
        room = open_workroom(str(path))
        stack.enter_context(Lease(room.home))
        vocabulary = adopt_vocabulary(room.home)
        if settings.sources:
            save_sources(room.vault, [s.to_source() for s in settings.sources])
        save_text_policy(room.vault, settings.privacy.text_policy())
        save_image_policy(room.vault, settings.imaging.policy())
        save_variant_policy(room.vault, settings.genomics.policy())
        catalog = Catalog.open(room.home, settings.stores.catalog_url or None)
        interrupted = _close_interrupted(catalog)
        run_id = str(uuid.uuid4())
        executor = stack.enter_context(open_executor(settings.dask, str(room.home.staging / "scratch")))
        current = Round(
            room=room,
            settings=settings,
            catalog=catalog,
            lake=Lake(room.home.lake, room.home.buckets),
            vectors=Vectors(room.home.vectors),
            releases=Releases(room.home),
            executor=executor,
            options=options,
            run_id=run_id,
            number=catalog.begin_round(run_id, flow_run_id),
            today=today or datetime.now(UTC).date(),
            started=datetime.now(UTC),
            interrupted=interrupted,
            vocabulary=vocabulary,
        )
        _ROUNDS[run_id] = current
        stack.callback(_ROUNDS.pop, run_id, None)
        yield current


def use_overlay(settings: Settings) -> None:
    """Tell this process and its workers where a site's own mappings, suites and checks lie."""
    if settings.overlay:
        folder = Path(settings.overlay).expanduser().resolve()
        os.environ["NIGHTROUNDS_OVERLAY"] = str(folder)
        if (folder / "mappings").is_dir():
            os.environ["NIGHTROUNDS_MAPPINGS"] = str(folder / "mappings")


def _close_interrupted(catalog: Catalog) -> list[str]:
    """Rounds that were killed never said so: whoever holds the lease now says it for them.

    Returns the ids of their flow runs, which Prefect still believes to be running.
    """
    rows = [row for row in catalog.rounds(limit=20) if row.state == "running"]
    for row in rows:
        catalog.end_round(row.round_no, "interrupted", row.summary or {})
    return [row.flow_run_id for row in rows if row.flow_run_id]


def last_summary(flow_run_id: str) -> dict[str, Any] | None:
    """The summary of the round that this flow run made, or None when it ended before its report."""
    path = home_path()
    home = open_workroom(str(path)).home
    catalog = Catalog.open(home, load_settings(path).stores.catalog_url or None)
    for row in catalog.rounds():
        if row.flow_run_id == flow_run_id:
            return dict(row.summary) if row.summary else None
    return None
