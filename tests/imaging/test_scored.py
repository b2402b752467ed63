"""The scored set: what the truth names is there before images are cleaned, or its scores would say nothing."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from pydicom.dataset import Dataset

from benchmarks.labelled_notes.pools import TUNE
from benchmarks.scored.people import invent_patient
from benchmarks.scored.plants import Planter
from benchmarks.scored.scoring import value_at

UIDS = {"SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2.4", "_other": "1.2.5"}


def planted(seed: str) -> tuple[Any, Planter]:
    """A data set with everything planted."""
    rng = Random(seed)
    planter = Planter(Dataset(), invent_patient(rng, TUNE, 0), rng, "tune")
    planter.plant_all(UIDS, date(2024, 5, 6))
    return planter.dataset, planter


def test_every_plant_is_found_at_its_path() -> None:
    for seed in ("a", "b", "c"):
        dataset, planter = planted(seed)
        missing = [plant.path for plant in planter.plants if not value_at(dataset, plant.path)]
        assert missing == []
    assert any("[ACME HIS]" in plant.path for plant in planter.plants)


def test_forty_standard_elements_and_more_are_planted() -> None:
    _, planter = planted("a")
    assert len({plant.path for plant in planter.plants if "[" not in plant.path}) > 40
