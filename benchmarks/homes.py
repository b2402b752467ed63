"""Homes and rounds for benchmarks: real ones, made through the same functions as the commands use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from connectors.registry import connector
from contracts.privacy import Profile
from contracts.units import Source, Unit
from stores.home import Home, create_home
from tasks.recipe import components, digest_recipe
from tasks.surveying import Surveyed
from tasks.workroom import Job, Workroom, open_workroom, save_sources

if TYPE_CHECKING:
    from flows.rounds import Round

TODAY = "2026-11-01"


class Stages(Protocol):
    """Is told which stage begins."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """The block is the stage `name`."""
        ...


class _Unwatched:
    def stage(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()


UNWATCHED = _Unwatched()


def make_home(path: Path, sources: Sequence[Source]) -> Home:
    """A home with its sources; its environment is the one that a round prepares."""
    from flows.environment import prepare_environment

    home = create_home(path, Profile.EXPERT)
    save_sources(open_workroom(str(path)).vault, list(sources))
    prepare_environment(home)
    return home


def list_jobs(room: Workroom, source: Source) -> list[Job]:
    """A survey's jobs: one for each object of the source, as a round makes them."""
    listed = connector(source.kind).discover(source, "").listed
    tokens = room.vault.remember_places(source.name, [item.path for item in listed])
    home = str(room.home.path)
    return [
        Job(home, Unit(f"{source.name}/{token}", source.name, source.kind, size=item.stamp.size), TODAY)
        for token, item in zip(tokens, listed, strict=True)
    ]


def jobs_to_process(room: Workroom, surveyed: Sequence[Surveyed]) -> list[Job]:
    """The surveyed units' jobs, with their recipe and persons, as a round makes them."""
    contexts = room.vault.contexts([s.unit.unit for s in surveyed])
    found = []
    for unit in sorted((s.unit for s in surveyed), key=lambda u: u.unit):
        parts = components(unit.kind, connector(unit.kind).version, room.home.profile, room.home.key_id)
        chosen = replace(unit, recipe=digest_recipe(parts))
        found.append(Job(str(room.home.path), chosen, TODAY, contexts.get(unit.unit, "")))
    return found


def make_plain_round(home: Path, watch: Stages = UNWATCHED) -> Round:
    """A round of `home` by its stages alone: no Prefect, no cluster."""
    from flows.rounds import Options, open_round
    from tasks.workroom import load_sources

    os.environ["NIGHTROUNDS_HOME"] = str(home)
    with open_round(Options(), sync=True) as current:
        names = sorted(load_sources(current.room.vault))
        _bring_in(current, names, watch)
        _finish(current, watch)
    return current


def _bring_in(current: Round, names: Sequence[str], watch: Stages) -> None:
    from flows.stages import linking, processing, publishing, surveying

    with watch.stage("survey"):
        for name in names:
            surveying.survey_source(current, name)
    with watch.stage("resolve"):
        linking.resolve_persons(current)
        for name in names:
            surveying.plan_source(current, name)
    for name in names:
        with watch.stage("process"):
            processing.process_source(current, name)
        with watch.stage("publish"):
            publishing.publish_source(current, name)


def _finish(current: Round, watch: Stages) -> None:
    from flows.stages import deriving, embedding, releasing, reporting, upkeep

    with watch.stage("derive"):
        deriving.derive_all(current, graph=False)
    with watch.stage("check"):
        deriving.check_lake(current)
    with watch.stage("embed"):
        embedding.embed_notes(current)
        embedding.embed_images(current)
    with watch.stage("graph"):
        deriving.derive_all(current, graph=True)
    with watch.stage("upkeep"):
        upkeep.keep_up_lake(current)
    with watch.stage("release"):
        releasing.release_round(current)
        reporting.write_report(current)
