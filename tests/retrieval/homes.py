"""A real home with one real round over the demo hospital's first night, made once for a test session."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

from contracts.privacy import Profile
from contracts.units import Source
from nightrounds.demo.hospital import Hospital, make_hospital
from stores.home import Home, create_home
from tasks.workroom import open_workroom, save_sources

DAY = date(2024, 9, 2)


@dataclass(frozen=True)
class DemoHome:
    """The home, what its round reported, and the hospital whose exports it read."""

    home: Home
    summary: dict[str, Any]
    hospital: Hospital


@lru_cache(maxsize=1)
def demo_home(folder: Path) -> DemoHome:
    """Make the hospital and the home under `folder`. Tests only read them, or copy them first."""
    hospital = make_hospital(folder / "hospital", nights=1)
    home = create_home(folder / "home", Profile.EXPERT, seed="retrieval")
    sources = [Source(**s) for s in hospital.sources_on(1)]
    save_sources(open_workroom(str(home.path)).vault, sources)
    with mock.patch.dict(os.environ, NIGHTROUNDS_HOME=str(home.path)):
        return DemoHome(home, make_round(), hospital)


def make_round() -> dict[str, Any]:
    """A round in the order of the night round, in this process and without Prefect; returns its summary."""
    from flows.rounds import Options, open_round
    from flows.stages import (
        deriving,
        embedding,
        linking,
        processing,
        publishing,
        releasing,
        reporting,
        surveying,
    )
    from tasks.workroom import load_sources

    with open_round(Options(), sync=True, today=DAY) as current:
        kinds = {name: source.kind for name, source in sorted(load_sources(current.room.vault).items())}
        for name, kind in kinds.items():
            survey = linking.link_source if kind == "crosswalk" else surveying.survey_source
            survey(current, name)
        linking.resolve_persons(current)
        for name in (n for n, kind in kinds.items() if kind != "crosswalk"):
            surveying.plan_source(current, name)
            processing.process_source(current, name)
            publishing.publish_source(current, name)
        deriving.derive_all(current, graph=False)
        deriving.check_lake(current)
        embedding.embed_notes(current)
        embedding.embed_images(current)
        deriving.derive_all(current, graph=True)
        releasing.release_round(current)
        reporting.write_report(current)
        return reporting.summarise(current)
