"""Nights without Prefect: the stages of a round in their order, on a real home, in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

from connectors.crosswalk import KIND as CROSSWALK
from contracts.accounting import Account
from contracts.privacy import Profile
from contracts.units import Source
from flows.rounds import Options, Round, open_round
from flows.stages import deriving, linking, processing, publishing, surveying
from stores.home import Home, create_home
from stores.lake import Lake
from tasks.workroom import open_workroom, save_sources

TODAY = date(2026, 3, 1)
FEW = settings(
    max_examples=40 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 4,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes of nights
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""An example is a night or more on a real home, a second or so each."""

UNIT_TABLES = {"records.ledger", "linkage.history"}
"""What tells of files and nights, and so differs where these do."""


@dataclass(frozen=True)
class Night:
    """What a night left behind: a digest of each table's content, and each source's account."""

    digests: Mapping[str, str]
    accounts: Mapping[str, Account]

    @property
    def content(self) -> dict[str, str]:
        """The digests of the tables that tell of patients."""
        return {table: digest for table, digest in self.digests.items() if table not in UNIT_TABLES}


def make_home(path: Path, profile: Profile = Profile.EXPERT, seed: str = "properties") -> Home:
    """A home whose key and allotments follow from a seed, so that two of them compare."""
    return create_home(path, profile, seed=seed, buckets=2)


def make_night(home: Home, sources: Sequence[Source]) -> Night:
    """One night over the sources: survey, resolve, then process and publish each, then derive."""
    with _home_of_this_process(home):
        save_sources(open_workroom(str(home.path)).vault, list(sources))
        with open_round(Options(), sync=True, today=TODAY) as current:
            _make(current, sources)
            problems = {name: (o.problem, o.failures) for name, o in current.sources.items()}
            assert all(not problem and not failures for problem, failures in problems.values()), problems
            assert not current.blocked, current.blocked
            accounts = {name: o.account for name, o in current.sources.items() if o.account is not None}
            lake = current.lake
            return Night({table: lake.content_digest(table) for table in lake.tables()}, accounts)


def _make(current: Round, sources: Sequence[Source]) -> None:
    exports = [source.name for source in sources if source.kind != CROSSWALK]
    for source in sources:
        if source.kind == CROSSWALK:
            linking.link_source(current, source.name)
        else:
            surveying.survey_source(current, source.name)
    linking.resolve_persons(current)
    for name in exports:
        surveying.plan_source(current, name)
    for name in exports:
        processing.process_source(current, name)
        publishing.publish_source(current, name)
    deriving.derive_all(current, graph=False)
    deriving.derive_all(current, graph=True)


@contextmanager
def _home_of_this_process(home: Home) -> Iterator[None]:
    before = os.environ.get("NIGHTROUNDS_HOME")
    os.environ["NIGHTROUNDS_HOME"] = str(home.path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NIGHTROUNDS_HOME"]
        else:
            os.environ["NIGHTROUNDS_HOME"] = before


def lake_of(home: Home) -> Lake:
    """The home's lake."""
    return Lake(home.lake, home.buckets)
