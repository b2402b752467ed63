"""Nights of a home without Prefect: the stages that make images, one after the other, in this process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from connectors.crosswalk import KIND as CROSSWALK
from contracts.privacy import Profile
from flows.rounds import Options, open_round
from flows.stages.embedding import embed_images
from flows.stages.imaging import keep_objects
from flows.stages.linking import link_source, resolve_persons
from flows.stages.processing import process_source
from flows.stages.publishing import publish_source
from flows.stages.reporting import markdown_summary, summarise, write_report
from flows.stages.surveying import plan_source, survey_source
from stores.objects import Objects
from tasks.workroom import load_sources, open_workroom, save_sources
from tests.flows.house import DAY, House, make_house

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

EMBED = {"NIGHTROUNDS_ENCODERS__IMAGE": "efficientnet-lite0"}


@dataclass(frozen=True)
class ImageNight:
    """What a night came to: the objects' counts, what was embedded, the round's report."""

    objects: dict[str, Any]
    embedded: dict[str, Any]
    state: str
    page: str


def image_house(root: Path, profile: Profile = Profile.EXPERT) -> House:
    """A home whose image encoder is off unless a night asks for it."""
    house = make_house(root, seed="imaging", profile=profile)
    house.environment.update({"NIGHTROUNDS_ENCODERS__IMAGE": "none", "NIGHTROUNDS_ENCODERS__TEXT": "none"})
    return house


def image_night(house: House, options: Options | None = None, /, **environment: str) -> ImageNight:
    """Survey, link, process, publish, make objects, embed."""
    settings = {
        "NIGHTROUNDS_HOME": str(house.home.path),
        "NIGHTROUNDS_TODAY": DAY,
        "NIGHTROUNDS_DASK__MODE": "sync",
        **house.environment,
        **environment,
    }
    with mock.patch.dict(os.environ, settings):
        save_sources(open_workroom(str(house.home.path)).vault, list(house.sources.values()))
        with open_round(options or Options(), today=date.fromisoformat(DAY)) as current:
            kinds = {name: source.kind for name, source in load_sources(current.room.vault).items()}
            for name, kind in kinds.items():
                (link_source if kind == CROSSWALK else survey_source)(current, name)
            resolve_persons(current)
            files = [name for name, kind in kinds.items() if kind != CROSSWALK]
            for name in files:
                plan_source(current, name)
                process_source(current, name)
                publish_source(current, name)
                assert not current.sources[name].problem and not current.sources[name].failures
            objects = keep_objects(current)
            embedded = embed_images(current)
            write_report(current)
            return ImageNight(objects, embedded, current.state, markdown_summary(summarise(current)))


def store(house: House) -> Objects:
    """The home's objects."""
    return Objects(house.home.objects)


def stamps(house: House) -> dict[str, tuple[int, int]]:
    """Every file under `objects/`, with what changes when it is written again."""
    paths = [path for path in house.home.objects.rglob("*") if path.is_file()]
    return {
        path.relative_to(house.home.objects).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in paths
    }


def contents(house: House) -> dict[str, bytes]:
    """Every object and preview, by key."""
    objects = store(house)
    keys = list(objects.keys())
    return {key: objects.path(key).read_bytes() for key in keys}


def written(house: House) -> list[FileDataset]:
    """The objects, read by pydicom, by name."""
    from pydicom import dcmread

    return [dcmread(store(house).path(key)) for key in sorted(contents(house)) if key.endswith(".dcm")]
