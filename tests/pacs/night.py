"""Nights over a PACS without Prefect: a home whose source it is, and what the lake holds after each."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from contracts.privacy import Profile
from contracts.units import Source
from stores.home import create_home
from stores.lake import Lake
from tasks.workroom import Workroom, open_workroom, save_sources
from tests.pacs.orthanc import AET, Orthanc

if TYPE_CHECKING:
    from flows.rounds import SourceOutcome


def days_back(day: str = "20260225") -> str:
    """How far to look back to see this day, from whatever day the tests run on."""
    return str((datetime.now(UTC).date() - datetime.strptime(day, "%Y%m%d").date()).days)  # noqa: DTZ007


@dataclass
class Ward:
    """A home with one PACS."""

    room: Workroom
    source: Source
    told: list[str] = field(default_factory=list)

    def set(self, **options: str) -> None:
        """Change options of the source."""
        self.source = replace(self.source, options={**self.source.options, **options})

    def report(self) -> str:
        """A night's report as JSON and as the page that Prefect shows."""
        import orjson

        from flows.stages.reporting import markdown_summary, summarise

        found: list[str] = []

        def keep(current: Any) -> None:
            summary = summarise(current)
            found.extend((orjson.dumps(summary).decode(), markdown_summary(summary)))

        self.night(at_end=keep)
        return "\n".join(found)

    def night(
        self,
        *,
        before_fetching: Callable[[], None] | None = None,
        at_end: Callable[[Any], None] | None = None,
        **options: Any,
    ) -> SourceOutcome:
        """A round up to what is published; `before_fetching` happens between listing and fetching."""
        settings = {"NIGHTROUNDS_HOME": str(self.room.home.path), "NIGHTROUNDS_DASK__MODE": "sync"}
        with mock.patch.dict(os.environ, settings):
            from flows.rounds import Options, open_round
            from flows.stages.linking import resolve_persons
            from flows.stages.processing import process_source
            from flows.stages.publishing import publish_source
            from flows.stages.surveying import plan_source, survey_source

            def tell(text: str) -> None:
                self.told.append(text)
                if before_fetching:
                    before_fetching()

            save_sources(self.room.vault, [self.source])
            with open_round(Options(**options), sync=True, today=date(2026, 3, 1)) as current:
                name = self.source.name
                survey_source(current, name, tell=tell)
                resolve_persons(current)
                plan_source(current, name)
                process_source(current, name)
                publish_source(current, name)
                if at_end:
                    at_end(current)
                return current.sources[name]

    @property
    def lake(self) -> Lake:
        return Lake(self.room.home.lake, self.room.home.buckets)

    def rows(self, *columns: str) -> list[dict[str, Any]]:
        """The rows of `imaging.instance`."""
        found = self.lake.read("imaging.instance", columns=list(columns) or ["instance_id"])
        return list(found.to_pylist())


def make_ward(root: Path, orthanc: Orthanc, kind: str, **options: str) -> Ward:
    """A new home whose source is this PACS, asked by DICOMweb or DIMSE."""
    home = create_home(root, Profile.EXPERT, seed="pacs")
    own = {"called_aet": AET, "listen_port": str(orthanc.our_port)} if kind == "dimse" else {}
    common = {"look_back_days": days_back(), "retry_seconds": "0.01", "timeout_seconds": "10"}
    location = orthanc.node if kind == "dimse" else orthanc.web
    source = Source("pacs", kind, location, authority="radiology", options={**common, **own, **options})
    return Ward(open_workroom(str(home.path)), source)
