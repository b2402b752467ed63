"""Make the objects that the index asks for, and remove those it no longer does."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from contracts.units import Unit
from flows.rounds import Round
from stores.lake_rows import DERIVED_SOURCE
from stores.landing import Landing
from stores.objects import Objects
from tasks.dicom.objects import ObjectTask
from tasks.imaging import (
    INDEX,
    INDEX_COLUMNS,
    OBJECTS,
    ObjectsJob,
    end_apart,
    is_made,
    make_objects,
    object_jobs,
    objects_recipe,
    wanted_objects,
)

Progress = Callable[[int, int], None]
_OPEN = "objects:open"
_PASSES = 3
"""Text found in a sample of a series makes the rest of it be looked at; what that finds changes nothing more."""
_JOBS_AT_ONCE = 64
_HELD_COLUMNS = ("instance_id", "series_id", "object_key", "made_from", "risk", "risk_rule", "boxes_hidden")


def keep_objects(current: Round, progress: Progress | None = None) -> dict[str, Any]:
    """Bring `objects/` and `imaging.object` to what the index holds; counts.

    Rows are committed every few hundred files, so a round that is cut off goes on where it was.
    """
    if current.lake.version(INDEX) is None:
        return {}
    with current.timed("objects"):
        store = Objects(current.home.objects)
        index = _frame(current, INDEX, INDEX_COLUMNS)
        if current.catalog.checkpoint(_OPEN):
            store.sweep(_known_keys(current))
        removed = _remove_gone(current, store, index)
        made = 0
        for _ in range(_PASSES):
            stale = _stale(current, index)
            made += _make(current, store, stale, progress)
            if not stale or current.late or current.objects.get("problem"):
                break
        if made or removed:
            current.catalog.set_checkpoint(_OPEN, "")
        end_apart()
    current.objects.update(_summary(current), made=made, removed=removed, left=len(_stale(current, index)))
    return current.objects


def _frame(current: Round, table: str, columns: Sequence[str]) -> pl.DataFrame:
    frame = pl.from_arrow(current.lake.read(table, columns=columns))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _known_keys(current: Round) -> set[str]:
    if current.lake.version(OBJECTS) is None:
        return set()
    keys = _frame(current, OBJECTS, ("object_key",))["object_key"].drop_nulls()
    return set(keys.to_list())


def _held(current: Round) -> pl.DataFrame:
    return _frame(current, OBJECTS, _HELD_COLUMNS)


def _remove_gone(current: Round, store: Objects, index: pl.DataFrame) -> int:
    """Remove objects of instances that are in the index no more, then their rows."""
    gone = _held(current).join(index.select("instance_id"), on="instance_id", how="anti")
    if gone.height:
        store.remove(gone["object_key"].drop_nulls().to_list())
        _replace(current, gone["instance_id"].to_list(), [])
    return gone.height


def _stale(current: Round, index: pl.DataFrame) -> list[ObjectTask]:
    """What must be made: an anti-join of what the index asks for with what was made, on what it is made from."""
    units = _units(current)
    held = _held(current)
    made = dict(held.select("instance_id", "made_from").iter_rows())
    contexts = current.room.vault.contexts([unit.unit for unit in units.values()], current.today)
    policy = current.settings.imaging.policy()
    names = {unit.source for unit in units.values()}
    recipes = {name: objects_recipe(current.recipe_of(name), policy) for name in names}
    wanted = wanted_objects(index, held, units, contexts, recipes)
    limits = current.settings.imaging.limits()
    stale = [task for task in wanted if not is_made(task, made.get(task.instance_id), limits)]
    near = _within_reach(current, {task.unit for task in stale})
    current.objects["out of reach"] = len(stale) - sum(task.unit in near for task in stale)
    return [task for task in stale if task.unit in near]


def _within_reach(current: Round, units: set[Unit]) -> set[Unit]:
    """The units whose bytes can be had: listed in this round, or landed. The objects of others stay as they are until
    their files are sent again, as their rows do."""
    listed: set[str] = set()
    for outcome in current.sources.values():
        listed |= {*outcome.unread, *(unit.unit for unit in outcome.to_read)}
    landing = Landing(current.home, current.room.key)
    return {unit for unit in units if unit.unit in listed or landing.has(unit)}


def _units(current: Round) -> dict[int, Unit]:
    """The published units of this round's sources, by owner."""
    found: dict[int, Unit] = {}
    for name in current.sources:
        for row in current.catalog.units(name).values():
            if row.owner is not None and row.state == "published":
                found[row.owner] = Unit(row.unit, row.source, row.kind, row.digest, "", row.size)
    return found


def _make(current: Round, store: Objects, tasks: list[ObjectTask], progress: Progress | None) -> int:
    folder = Path(current.home.staging) / "objects"
    shutil.rmtree(folder, ignore_errors=True)
    limits = current.settings.imaging.limits()
    jobs = object_jobs(str(current.home.path), current.today.isoformat(), tasks, folder, limits)
    made = 0
    for start in range(0, len(jobs), _JOBS_AT_ONCE):
        if current.late:
            break
        current.catalog.set_checkpoint(_OPEN, "open")
        outputs = _run(current, jobs[start : start + _JOBS_AT_ONCE], progress, start, len(jobs))
        if outputs:
            made += _commit(current, store, outputs)
    shutil.rmtree(folder, ignore_errors=True)
    return made


def _run(
    current: Round, jobs: Sequence[ObjectsJob], progress: Progress | None, begin: int, total: int
) -> list[str]:
    outputs = []
    for number, done in enumerate(current.executor.map(make_objects, jobs), begin + 1):
        if done.result is not None:
            outputs.append(done.result.output)
            for problem in done.result.problems:
                current.objects["problem"] = f"objects: {problem}"
        elif done.failure is not None:
            current.objects["problem"] = f"objects: {done.failure.error} {done.failure.message}".strip()
        if progress:
            progress(number, total)
    return outputs


def _commit(current: Round, store: Objects, outputs: Sequence[str]) -> int:
    """Publish the rows of what was made; a file that an instance had and that is held now goes."""
    rows = pl.concat([_read(output) for output in outputs])
    before = _held(current).join(rows.select("instance_id", new="object_key"), on="instance_id")
    left = before.filter(pl.col("object_key").is_not_null() & pl.col("object_key").ne_missing(pl.col("new")))
    store.remove(left["object_key"].to_list())
    _replace(current, rows["instance_id"].to_list(), outputs)
    return rows.height


def _read(output: str) -> pl.DataFrame:
    frame = pl.from_arrow(pq.read_table(output))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _replace(current: Round, instances: list[int], outputs: Sequence[str]) -> None:
    batches = (batch for output in outputs for batch in _owned(output))
    publish = current.lake.next_publication(OBJECTS, OBJECTS, current.number)
    receipt = current.lake.replace(OBJECTS, DERIVED_SOURCE, instances, batches, publish=publish)
    current.changed |= receipt.changed


def _owned(output: str) -> list[Any]:
    """Rows with own columns: an instance owns its row."""
    import pyarrow as pa

    table = pq.read_table(output)
    recipe = pa.array([""] * table.num_rows, pa.string())
    return list(
        table.append_column("_owner", table["instance_id"]).append_column("_recipe", recipe).to_batches()
    )


def _summary(current: Round) -> dict[str, Any]:
    """How things stand, over the whole table: counts and reason codes."""
    columns = (
        "status",
        "reason",
        "face",
        "risk_rule",
        "number_of_frames",
        "frames_checked",
        "frames_spared",
        "frames_changed",
        "boxes_hidden",
    )
    frame = _frame(current, OBJECTS, columns)
    spared = (
        frame.filter(pl.col("frames_spared") > 0).group_by("risk_rule").agg(pl.col("frames_spared").sum())
    )
    return {
        "status": dict(Counter(frame["status"].to_list())),
        "held": dict(Counter(frame["reason"].drop_nulls().to_list())),
        "frames": int(frame["number_of_frames"].sum()),
        "frames checked": int(frame["frames_checked"].sum()),
        "frames safely spared by rules": dict(sorted(spared.iter_rows())),
        "frames changed": int(frame["frames_changed"].sum()),
        "boxes hidden": int(frame["boxes_hidden"].sum()),
        "faces": current.settings.imaging.faces,
        "faces released": frame.filter(
            (pl.col("face") == "possible") & (pl.col("status") == "written")
        ).height,
        "burned_in": current.settings.imaging.burned_in,
    }
