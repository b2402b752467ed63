"""A home with its exports, and real night rounds over them, in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from contracts.privacy import Profile
from contracts.units import Source
from stores.catalog import Catalog
from stores.home import Home, create_home
from stores.lake import Lake
from stores.releases import Releases
from stores.vectors import Vectors
from tasks.workroom import open_workroom, save_sources

if TYPE_CHECKING:
    import polars as pl
    from prefect.client.schemas.objects import State

SEED = "flows"
DAY = "2024-03-12"


@dataclass(frozen=True)
class Night:
    """How a round ended: Prefect's state of the flow run, and the round's own summary."""

    state: State[Any]
    summary: dict[str, Any] = field(repr=False)

    @property
    def exit_code(self) -> int:
        return int(self.summary["exit_code"])

    @property
    def flow_run_id(self) -> str:
        return str(self.state.state_details.flow_run_id)

    def fates(self, source: str) -> dict[str, int]:
        """Records of a source by fate, those that are 0 left out."""
        account = self.summary["sources"][source]["account"]
        assert account["read"] == sum(account["fates"].values())
        return {fate: count for fate, count in account["fates"].items() if count}

    def tables(self, source: str) -> dict[str, str]:
        """What became of a source's tables."""
        return {t["table"]: t["state"] for t in self.summary["sources"][source]["tables"]}


@dataclass
class House:
    """A home, the folder of its exports, and the sources as they are configured now."""

    root: Path
    home: Home
    sources: dict[str, Source] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def lake(self) -> Lake:
        return Lake(self.home.lake, self.home.buckets)

    @property
    def vectors(self) -> Vectors:
        return Vectors(self.home.vectors)

    @property
    def releases(self) -> Releases:
        return Releases(self.home)

    @property
    def catalog(self) -> Catalog:
        return Catalog.open(self.home)

    def add(
        self,
        name: str,
        kind: str = "fhir",
        *,
        snapshot: bool = False,
        kept_days: float = 0,
        authority: str = "",
    ) -> Path:
        """Configure a source of the folder that is returned."""
        folder = self.exports / name
        folder.mkdir(parents=True, exist_ok=True)
        self.sources[name] = Source(
            name, kind, str(folder), authority=authority or name, snapshot=snapshot, kept_days=kept_days
        )
        return folder

    def night(
        self,
        *,
        day: str = DAY,
        flow: Callable[..., Any] | None = None,
        environment: Mapping[str, str] | None = None,
        **parameters: Any,
    ) -> Night:
        """Make a round, or run another flow, with the clock frozen at `day`. Synchronous unless told otherwise."""
        settings = {
            "NIGHTROUNDS_HOME": str(self.home.path),
            "NIGHTROUNDS_TODAY": day,
            "NIGHTROUNDS_DASK__MODE": "sync",
            **self.environment,
            **(environment or {}),
        }
        with mock.patch.dict(os.environ, settings):  # puts back what the round sets too
            from flows.night_round import night_round
            from flows.rounds import last_summary

            save_sources(open_workroom(str(self.home.path)).vault, list(self.sources.values()))
            state = (flow or night_round)(return_state=True, **parameters)
            summary = last_summary(str(state.state_details.flow_run_id))
        assert summary is not None, state
        return Night(state, summary)

    def versions(self) -> tuple[dict[str, int], dict[str, int], int | None]:
        """Versions of the lake's tables and of the vectors', and the number of the release that readers see."""
        current = self.releases.current()
        return self.lake.versions(), self.vectors.versions(), current.number if current else None

    def rows(self, table: str, *columns: str) -> pl.DataFrame:
        """A lake table as it stands."""
        import polars as pl

        frame = pl.from_arrow(self.lake.read(table, columns=list(columns) or None))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def digests(self, leave_out: Iterable[str] = ()) -> dict[str, str]:
        """Content digests of all lake tables that hold rows, and of vector tables.

        In which round an identity was joined is when, not what: it is left out of the history's.
        """
        from stores.lake_digest import digest_rows
        from tasks.encoders import load_encoder

        tables = [t for t in self.lake.tables() if t not in set(leave_out) and self.lake.rows(t)]
        found = {table: self.lake.content_digest(table) for table in tables}
        if "linkage.history" in found:
            events = self.lake.read(
                "linkage.history", columns=["identity_id", "person_before", "person_id", "action"]
            )
            found["linkage.history"] = digest_rows(events.to_batches())
        for kind, name in (("note", "minilm-l6-v2"), ("image", "efficientnet-lite0")):
            encoder = load_encoder(name)
            if self.vectors.version(kind, encoder) is not None:
                found[f"vectors:{kind}"] = self.vectors.content_digest(kind, encoder)
        return found


def make_house(root: Path, seed: str = SEED, profile: Profile = Profile.EXPERT) -> House:
    """A new home under `root`; two of one seed compare."""
    return House(root, create_home(root / "home", profile, seed=seed))
