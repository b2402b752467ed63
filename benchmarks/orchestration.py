"""What the executor costs: units over a Dask cluster of one worker against the same functions in a plain loop.

Both survey and process the same files into fresh homes. The cluster and the loop's process are started and warmed
beforehand; the cluster's start is stated apart. The wall time counts, since that is what a night has. The files hold
visits and conditions and no notes: scrubbing a note is so much work that it would hide what the executor costs.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure, ratio_of_medians
from benchmarks.homes import jobs_to_process, list_jobs, make_home
from benchmarks.processes import cpu_seconds
from benchmarks.records import invent_patients, write_patients, write_records
from contracts.errors import NightroundsError
from contracts.units import Source
from flows.executor import Executor, open_executor
from flows.settings import DaskSettings
from tasks.processing import process_unit
from tasks.surveying import survey_unit
from tasks.workroom import Job, open_workroom

Map = Callable[[Callable[[Job], Any], Sequence[Job]], list[Any]]
Timing = tuple[float, float]
"""Wall and CPU seconds."""


def write_units(folder: Path, count: int, size: int) -> None:
    """`count` files of about `size` bytes of visits and conditions, no record twice, and one of patients.

    One file is drawn; in the others its records' ids are replaced, which is as good and takes a tenth of the time.
    """
    folder.mkdir()
    patients = invent_patients(200)
    write_patients(folder / "patients.ndjson", patients)
    first = folder / "unit-000.ndjson"
    write_records(first, ("Encounter", "Condition"), patients, size, seed=3)
    data = first.read_bytes()
    for number in range(1, count):
        mark = f'"id":"{number:03x}'.encode()
        lines = [
            line.replace(line[line.find(b'"id":"') :][:9], mark, 1) for line in data.splitlines(keepends=True)
        ]
        (folder / f"unit-{number:03d}.ndjson").write_bytes(b"".join(lines))


def run_in_loop(function: Callable[[Job], Any], jobs: Sequence[Job]) -> tuple[list[Any], float, float]:
    """Call the function for each job; the results, wall and CPU seconds. Runs in a process of its own."""
    cpu, start = cpu_seconds(), time.perf_counter()
    results = [function(job) for job in jobs]
    return results, time.perf_counter() - start, cpu_seconds() - cpu


def time_pass(run: Map, home: Path, source: Source) -> Timing:
    """Survey and process a source into a new home; what lies between, and the home's making, is not counted."""
    make_home(home, [source])
    room = open_workroom(str(home))
    jobs = list_jobs(room, source)
    wall, cpu = 0.0, 0.0
    surveyed: list[Any] = []
    for function in (survey_unit, process_unit):
        if surveyed:
            room.vault.resolve(1)
            jobs = jobs_to_process(room, surveyed)
        before, start = cpu_seconds(), time.perf_counter()
        surveyed = run(function, jobs)
        wall, cpu = wall + time.perf_counter() - start, cpu + cpu_seconds() - before
    shutil.rmtree(home)
    return wall, cpu


def map_by(executor: Executor) -> Map:
    """The executor's map, which fails where a unit fails."""

    def run(function: Callable[[Job], Any], jobs: Sequence[Job]) -> list[Any]:
        outcomes = list(executor.map(function, jobs))
        if failed := [done.failure for done in outcomes if done.failure]:
            raise NightroundsError(
                f"{len(failed)} units failed: {failed[0].error}", "benchmark", "see the executor"
            )
        return [done.result for done in outcomes]

    return run


def loop_in(pool: Pool) -> Map:
    """The plain loop in the pool's one process: only its own time counts, not the hand-over."""

    def run(function: Callable[[Job], Any], jobs: Sequence[Job]) -> list[Any]:
        return pool.submit(run_in_loop, function, jobs).result()[0]

    return run


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    count, size = (24, 500_000) if quick else (200, 4_000_000)
    runs = min(runs, 3) if quick else runs
    for name, units in (("exports", count), ("warm", 2)):
        write_units(folder / name, units, size)
    sources = {
        name: Source("bench", "fhir", str(folder / name), "hospital-a") for name in ("exports", "warm")
    }
    make_home(folder / "first", [sources["warm"]])  # which brings the environment that both sides inherit
    settings = DaskSettings(mode="local", workers=1)
    ours: list[Timing] = []
    peer: list[Timing] = []
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        open_executor(settings, str(folder / "scratch")) as executor,
    ):
        begun = time.perf_counter()
        list(executor.map(os.path.basename, ["start"]))
        started = time.perf_counter() - begun
        sides = ((ours, map_by(executor), "dask"), (peer, loop_in(pool), "loop"))
        for _, run, side in sides:
            time_pass(run, folder / f"warm-{side}", sources["warm"])
        for number in range(runs):
            for found, run, side in sides:
                found.append(time_pass(run, folder / f"{side}-{number}", sources["exports"]))
    return _figures(ours, peer, started, count + 1, size)


def _figures(ours: list[Timing], peer: list[Timing], started: float, units: int, size: int) -> list[Figure]:
    walls, plain = [wall for wall, _ in ours], [wall for wall, _ in peer]
    extra = 1e3 * (median(walls) - median(plain)) / units
    of = f"{units} units of {size / 1e6:g} MB"
    shown = f"{median(walls):.1f} s", f"{median(plain):.1f} s"
    details = {"units": units, "bytes": size, "ours_wall_cpu_s": ours, "peer_wall_cpu_s": peer}
    used = [median(cpu for _, cpu in side) for side in (ours, peer)]
    return [
        Figure(
            f"executor over plain loop, {of}",
            *shown,
            ratio_of_medians(walls, plain),
            1.25,
            "at most 1.25",
            details,
        ),
        Figure("executor's overhead a unit, ms", *shown, extra, 8.0, "at most 8 ms"),
        Figure("executor over plain loop, CPU", f"{used[0]:.1f} s", f"{used[1]:.1f} s", used[0] / used[1]),
        Figure("start of a cluster of one worker, s", f"{started:.1f} s", "", started),
    ]
