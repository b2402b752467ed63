"""A home whose source is the server of `bulk_server`: exports without rounds, and rounds without Prefect."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from connectors.fhir_bulk import FhirBulkConnector
from contracts.privacy import Profile
from contracts.units import Discovery, Source, Stamp, Unit
from stores.home import create_home
from stores.lake import Lake
from tasks.exporting import Unfetched, await_export, conclude_export, fetch_units
from tasks.workroom import Workroom, open_workroom, save_sources
from tests.connectors.bulk_server import BulkServer, make_client

if TYPE_CHECKING:
    from flows.rounds import SourceOutcome

CONNECTOR = FhirBulkConnector()


@dataclass
class Ward:
    """A home with one such source. What it waits is noted in `waits`, and not waited."""

    room: Workroom
    server: BulkServer
    source: Source
    others: list[Source] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def set(self, **options: str) -> None:
        """Change options of the source."""
        self.source = replace(self.source, options={**self.source.options, **options})
        save_sources(self.room.vault, [self.source, *self.others])

    def discover(self, **more: Any) -> Discovery:
        """Wait for the export."""
        return await_export(
            self.room, self.source, CONNECTOR, tell=self.told.append, sleep=self.waits.append, **more
        )

    def export(self, **more: Any) -> dict[str, bytes | Unfetched]:
        """Wait for the export and fetch it: by path, what landed or why it did not."""
        found = self.discover(**more)
        assert not found.problem, found.problem
        return self.fetch(found)

    def fetch(self, found: Discovery) -> dict[str, bytes | Unfetched]:
        units = self.units(found)
        ended = list(fetch_units(self.room, units, self.source, CONNECTOR, sleep=self.waits.append))
        assert len(ended) == len(units)
        result: dict[str, bytes | Unfetched] = {}
        for one in ended:
            name = one.unit if isinstance(one, Unfetched) else one
            unit = Unit(name, self.source.name, "fhir_bulk")
            path = self.room.vault.path_of(unit).partition("/")[2]
            result[path] = one if isinstance(one, Unfetched) else self.bytes_of(unit)
        return result

    def units(self, found: Discovery) -> dict[str, Stamp]:
        tokens = self.room.vault.remember_places(self.source.name, [item.path for item in found.listed])
        return {f"{self.source.name}/{t}": item.stamp for t, item in zip(tokens, found.listed, strict=True)}

    def bytes_of(self, unit: Unit) -> bytes:
        with self.room.reading(unit).place.open() as stream:
            return stream.read()

    def conclude(self) -> None:
        conclude_export(self.room, self.source, CONNECTOR)

    @property
    def landing(self) -> Path:
        return self.room.home.landing

    # rounds

    def night(
        self, *, reprocess: bool = False, watch: Callable[[Any], None] | None = None
    ) -> dict[str, SourceOutcome]:
        """A round over all sources, up to what is published; what became of each."""
        settings = {"NIGHTROUNDS_HOME": str(self.room.home.path), "NIGHTROUNDS_DASK__MODE": "sync"}
        with mock.patch.dict(os.environ, settings):
            from flows.rounds import Options, open_round
            from flows.stages.linking import resolve_persons
            from flows.stages.processing import process_source
            from flows.stages.publishing import publish_source
            from flows.stages.reporting import write_report
            from flows.stages.surveying import plan_source, survey_source

            sources = [self.source, *self.others]
            save_sources(self.room.vault, sources)
            with open_round(Options(reprocess=reprocess), sync=True, today=date(2026, 3, 1)) as current:
                for source in sources:
                    survey_source(current, source.name, tell=self.told.append)
                resolve_persons(current)
                for source in sources:
                    plan_source(current, source.name)
                    process_source(current, source.name)
                    publish_source(current, source.name)
                if watch:
                    watch(current)
                write_report(current)
                return current.sources

    def digests(self) -> dict[str, str]:
        """Content digests of the lake's tables."""
        lake = Lake(self.room.home.lake, self.room.home.buckets)
        return {table: lake.content_digest(table) for table in lake.tables()}


def make_ward(root: Path, server: BulkServer, algorithm: str = "ES384", name: str = "ehr") -> Ward:
    """A new home; two of them compare. The server knows its client."""
    root.mkdir(parents=True, exist_ok=True)
    home = create_home(root / "home", Profile.EXPERT, seed="bulk")
    key = make_client(server, root, algorithm)
    options = {"client_id": "night-client", "private_key": f"file:{key}", "retry_seconds": "0.01"}
    source = Source(name, "fhir_bulk", server.base, authority="st-elsewhere", options=options)
    ward = Ward(open_workroom(str(home.path)), server, source)
    save_sources(ward.room.vault, [source])
    return ward
