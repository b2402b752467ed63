"""Objects of many instances at once: what a worker does, and which instances of the lake need it.

Objects are reconciled by anti-join on (instance, what it is made from) against the index, so whatever a crash left is
repaired by the next round. What goes back through Dask is a file's name and counts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import NightroundsError, Rejected, Retriable
from contracts.schemas.imaging import OBJECT
from contracts.units import Unit
from tasks.dicom.apart import FAULT, OF_LIMITS, Apart
from tasks.dicom.faces import facing_series
from tasks.dicom.objects import HELD, ObjectJob, ObjectTask, blank_row
from tasks.dicom.policy import ImagePolicy, Limits
from tasks.recipe import policy_digest

if TYPE_CHECKING:
    import polars as pl

INDEX, OBJECTS = "imaging.instance", "imaging.object"
SAMPLED = 16
"""Of images that the rules sample, one in so many is looked at, and one of each series at least."""
_TASKS_PER_JOB = 8
_ATTEMPTS = 3
INDEX_COLUMNS = (
    "instance_id",
    "series_id",
    "study_id",
    "person_id",
    "modality",
    "body_part_examined",
    "body_part_code",
    "body_part_code_meaning",
    "study_description",
    "series_description",
    "protocol_name",
    "image_type",
    "sop_class_uid",
    "rows",
    "columns",
    "number_of_frames",
    "pixel_spacing_mm",
    "image_position_patient_mm",
    "frame_positions_mm",
    "slice_location_mm",
    "has_pixels",
    "_owner",
)


@dataclass(frozen=True)
class ObjectsJob:
    """Make some objects and write their rows into a file."""

    home: str
    today: str
    tasks: tuple[ObjectTask, ...]
    output: str
    limits: Limits


@dataclass(frozen=True)
class Made:
    """Counts of one job, and the file with its rows."""

    output: str
    count: int
    reasons: dict[str, int] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)


_PROCESSES: dict[int, Apart] = {}
"""The process apart of this one, by its limit of memory: one at a time."""


def _apart(memory_bytes: int) -> Apart:
    if memory_bytes not in _PROCESSES:
        end_apart()
        _PROCESSES[memory_bytes] = Apart(memory_bytes)
    return _PROCESSES[memory_bytes]


def make_objects(job: ObjectsJob) -> Made:
    """Make some objects, each within the limits. Runs in a worker.

    What is out of reach gives no row, and its problem is counted: the next round tries again. The others go on.
    """
    rows, problems = [], Counter[str]()
    apart = _apart(job.limits.memory_bytes)
    for task in job.tasks:
        try:
            rows.append(_attempt(apart, ObjectJob(job.home, job.today, task), job.limits.seconds))
        except Rejected as rejected:
            rows.append(_held_row(task, rejected, job.limits))
        except NightroundsError as error:
            problems[str(error)] += 1
    table = pa.Table.from_pylist(rows, schema=OBJECT)
    Path(job.output).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pq.write_table(table, job.output)
    held = Counter(str(row["reason"]) for row in rows if row["status"] == HELD)
    return Made(job.output, len(rows), dict(held), dict(problems))


def _held_row(task: ObjectTask, rejected: Rejected, limits: Limits) -> dict[str, Any]:
    made = within(task.made_from, limits) if rejected.reason in OF_LIMITS else task.made_from
    flags = [f"fault:{rejected.place}"] if rejected.reason == FAULT else None
    return blank_row(task) | {"reason": rejected.reason, "made_from": made, "flags": flags}


def _attempt(apart: Apart, job: ObjectJob, seconds: float) -> dict[str, Any]:
    for _ in range(_ATTEMPTS - 1):
        with suppress(Retriable):
            return apart.make(job, seconds)
    return apart.make(job, seconds)


def end_apart() -> None:
    """End the process apart of this one, where it has one."""
    while _PROCESSES:
        _PROCESSES.popitem()[1].close()


def objects_recipe(recipe: Mapping[str, str], policy: ImagePolicy) -> str:
    """Digest over all that decides what an object looks like, beside its file and its persons.

    Args:
        recipe: components of the recipe of the file's source: what of them concerns files is taken.
        policy: how images are treated.
    """
    parts = {k: v for k, v in recipe.items() if k in ("profile", "key") or k.startswith("text")}
    parts |= {f"policy:{name}": policy_digest(name) for name in ("deidentification", "dicom")}
    text = "\n".join(f"{name}={value}" for name, value in sorted(parts.items()))
    return hashlib.sha256(text.encode() + policy.to_bytes()).hexdigest()[:16]


def wanted_objects(
    index: pl.DataFrame,
    held: pl.DataFrame,
    units: Mapping[int, Unit],
    contexts: Mapping[str, str],
    recipes: Mapping[str, str],
) -> Iterator[ObjectTask]:
    """The tasks that make every object of the index as it should be; those made already included.

    Args:
        index: rows of `imaging.instance`, in `INDEX_COLUMNS`.
        held: rows of `imaging.object`: instance_id, series_id, risk, boxes_hidden.
        units: published units by owner.
        contexts: digest of the persons of each unit, by its name.
        recipes: digest of the objects' recipe by source.
    """
    facing = facing_series(index)
    suspicious = series_with_text(held)
    first = dict(index.group_by("series_id").agg(index_min()).iter_rows())
    columns = ("instance_id", "study_id", "series_id", "_owner")
    for instance, study, series, owner in index.select(columns).iter_rows():
        unit = units.get(owner)
        if unit is None:
            continue
        face, closely = series in facing, series in suspicious
        yield ObjectTask(
            instance,
            study,
            series,
            unit,
            made_from(unit, contexts.get(unit.unit, ""), recipes[unit.source], face, closely),
            face=face,
            closely=closely,
            sampled=instance % SAMPLED == 0 or first[series] == instance,
        )


def index_min() -> pl.Expr:
    """The series' first instance by id."""
    import polars as pl

    return pl.col("instance_id").min()


def series_with_text(held: pl.DataFrame) -> set[int]:
    """Series in which a sampled image showed text: the rest of it is looked at, too."""
    import polars as pl

    found = held.filter((pl.col("boxes_hidden") > 0) & pl.col("risk").is_in(["sample"]))
    closely = held.filter(pl.col("risk_rule") == "series-with-text")
    return {*found["series_id"].to_list(), *closely["series_id"].to_list()}


def made_from(unit: Unit, context: str, recipe: str, face: bool, closely: bool) -> str:
    """What an object is made from: another digest, and it is made anew."""
    parts = f"{unit.digest} {context} {recipe} {int(face)} {int(closely)}"
    return hashlib.sha256(parts.encode()).hexdigest()[:24]


def within(made: str, limits: Limits) -> str:
    """What an instance is held from that its limits stopped: with other limits it is tried again."""
    return hashlib.sha256(f"{made} {limits.seconds} {limits.memory_bytes}".encode()).hexdigest()[:24]


def is_made(task: ObjectTask, made: str | None, limits: Limits) -> bool:
    """Whether what was made last is what the task would make."""
    return made in (task.made_from, within(task.made_from, limits))


def object_jobs(
    home: str, today: str, tasks: Sequence[ObjectTask], folder: Path, limits: Limits
) -> list[ObjectsJob]:
    """Jobs over the tasks, a few each: the large files first."""
    ordered = sorted(tasks, key=lambda task: -task.unit.size)
    return [
        ObjectsJob(
            home, today, tuple(ordered[i : i + _TASKS_PER_JOB]), str(folder / f"objects-{i}.parquet"), limits
        )
        for i in range(0, len(ordered), _TASKS_PER_JOB)
    ]
