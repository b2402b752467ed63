"""A home with one source, whose units are surveyed and processed without any orchestration."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.registry import connector
from contracts.privacy import Profile
from contracts.units import Source, Unit
from stores.home import create_home
from tasks.processing import Processed, process_unit
from tasks.surveying import Surveyed, survey_unit
from tasks.workroom import Job, Workroom, open_workroom, save_sources

DAY = "2024-03-12"


@dataclass
class Room:
    """The workroom of a home with one source."""

    work: Workroom
    source: Source

    @property
    def folder(self) -> Path:
        return Path(self.source.location)

    def write(self, name: str, resources: Iterable[dict[str, Any] | str]) -> Path:
        """Write NDJSON; strings are lines as they are."""
        lines = [r if isinstance(r, str) else json.dumps(r) for r in resources]
        path = self.folder / name
        path.write_text("".join(line + "\n" for line in lines))
        return path

    def survey(self) -> list[Surveyed]:
        """Survey all units of the source, in the order of their paths, and resolve who is in them."""
        listed = connector(self.source.kind).discover(self.source, "").listed
        tokens = self.work.vault.remember_places(self.source.name, [item.path for item in listed])
        units = [Unit(f"{self.source.name}/{token}", self.source.name, self.source.kind) for token in tokens]
        found = [survey_unit(Job(str(self.work.home.path), unit, DAY)) for unit in units]
        self.work.vault.resolve(1)
        return found

    def job(self, unit: Unit) -> Job:
        """The order to process a surveyed unit."""
        context = self.work.vault.contexts([unit.unit])[unit.unit]
        return Job(str(self.work.home.path), unit, DAY, context)

    def process(self) -> list[Processed]:
        """Survey and process all units."""
        return [process_unit(self.job(surveyed.unit)) for surveyed in self.survey()]


def make_room(root: Path, kind: str = "fhir", profile: Profile = Profile.EXPERT) -> Room:
    """A new home under `root`, whose source is the folder `root/export`."""
    home = create_home(root / "home", profile, seed="tasks")
    work = open_workroom(str(home.path))
    (root / "export").mkdir()
    source = Source("ward", kind, str(root / "export"), authority="ward")
    save_sources(work.vault, [source])
    return Room(work, source)
