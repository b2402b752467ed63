"""FHIR NDJSON to OMOP: Observations by stage and in whole, beside DuckDB, polars, an orjson loop and parsing alone.

`reading and mapping` is from bytes to rows of OMOP tables, without keyed ids, de-identification and cleaning in
between: its time is taken within a pass that does it all. `the whole` is what a night does of a file once it knows who
is in it: reading, cleaning, de-identifying, mapping, the gate, staging and publication to Delta. All in CPU seconds of
the process and its children, in turns; a round of a small export goes before, so that no import is counted.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TypeVar
from unittest import mock

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.fhir_to_lake import AUTHORITY, KEY, TODAY, known_people
from benchmarks.figures import Figure
from benchmarks.homes import jobs_to_process, list_jobs, make_home, make_plain_round
from benchmarks.memory import peaks_of_round
from benchmarks.observation_peers import (
    Outcome,
    parse_only,
    read_by_duckdb,
    read_by_orjson,
    read_by_polars,
)
from benchmarks.observations import write_observations
from benchmarks.processes import RoundWatch, cpu_seconds
from benchmarks.records import Patient, invent_patients, write_patients
from connectors.fhir import FhirConnector
from connectors.fhir import read as reading_module
from contracts.errors import NightroundsError
from contracts.privacy import Profile
from contracts.protocols import Reading
from contracts.units import Source, Unit
from flows.executor import Executor, open_executor
from flows.settings import DaskSettings
from quality.gate import judge_rows
from stores.places import LocalPlace
from tasks.cleaning import clean
from tasks.deidentification.engine import Deidentifier
from tasks.processing import process_unit
from tasks.standardising import standardise_rows
from tasks.surveying import survey_unit
from tasks.workroom import Job, open_workroom

Made = TypeVar("Made")
Stages = dict[str, float]
"""CPU seconds by stage."""
PATIENTS = 200
_PEERS: dict[str, Callable[[Path], Outcome]] = {
    "parsing alone (pysimdjson)": parse_only,
    "DuckDB read_ndjson, typed": read_by_duckdb,
    "polars json_decode": read_by_polars,
    "orjson loop": read_by_orjson,
}
_FLOOR, _LOOP = "parsing alone (pysimdjson)", "orjson loop"


class Stopwatch:
    """Adds up CPU time by stage; what a stage within another takes counts for the inner one alone."""

    def __init__(self) -> None:
        self.seconds: Stages = {}
        self._inner = [0.0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """The block is the stage `name`."""
        begun = time.process_time()
        self._inner.append(0.0)
        try:
            yield
        finally:
            whole = time.process_time() - begun
            self.seconds[name] = self.seconds.get(name, 0.0) + whole - self._inner.pop()
            self._inner[-1] += whole


def time_stages(path: Path, patients: list[Patient]) -> tuple[Stages, Outcome]:
    """CPU seconds of each stage up to the gate, and the rows of OMOP with the sum of their numbers."""
    watch, rows, total = Stopwatch(), 0, 0.0
    source = Source("bench", "fhir", "", AUTHORITY)
    reading = Reading(Unit("bench/file", "bench", "fhir"), source, LocalPlace(path, "bench"), KEY)
    people = known_people(patients)
    deidentifier = Deidentifier(KEY, Profile.EXPERT, people, today=TODAY, source_authority=AUTHORITY)
    connector, waiting = FhirConnector(), list[pa.Table]()

    def treat() -> None:
        nonlocal rows, total
        with watch.stage("clean"):
            cleaned = clean(
                "fhir", "fhir.observation", pa.concat_tables(waiting).combine_chunks(), today=TODAY
            )
        with watch.stage("de-identify"):
            safe = deidentifier.apply(cleaned.accepted, connector.tables["fhir.observation"])
        with watch.stage("map"):
            staged = standardise_rows("fhir", "fhir.observation", safe, deidentifier)
        with watch.stage("judge"):
            for target, made in staged.items():
                judge_rows(target, made, today=TODAY)
        waiting.clear()
        for made in staged.values():
            rows, total = rows + made.num_rows, total + (pc.sum(made["value_as_number"]).as_py() or 0.0)

    key_rows = reading_module._key_rows
    with mock.patch.object(reading_module, "_key_rows", _timed(watch, "key", key_rows)):
        for batch in _batches(watch, connector, reading):
            waiting.append(batch)
            if len(waiting) == 3:  # as a round does: about 24 MiB of rows at a time
                treat()
        if waiting:
            treat()
    return watch.seconds, (rows, round(total))


def _timed(watch: Stopwatch, name: str, function: Callable[..., object]) -> Callable[..., object]:
    def timed(*arguments: object) -> object:
        with watch.stage(name):
            return function(*arguments)

    return timed


def _batches(watch: Stopwatch, connector: FhirConnector, reading: Reading) -> Iterator[pa.Table]:
    for part in connector.parts(reading):
        batches = connector.read(reading, part)
        while True:
            with watch.stage("read"):
                found = next(batches, None)
            if found is None:
                break
            if found[0] == "counted":
                continue
            assert found[0] == "fhir.observation", "the input must hold nothing else, and nothing bad"
            yield pa.Table.from_batches([found[1]])


def time_round(export: Path, home: Path) -> Stages:
    """CPU seconds of each stage of a first round."""
    watch = RoundWatch()
    make_home(home, [Source("bench", "fhir", str(export), AUTHORITY)])
    done = make_plain_round(home, watch)
    shutil.rmtree(home)
    if done.state != "published":
        raise NightroundsError(f"the round ended as {done.state}", "benchmark", "published")
    return watch.seconds


def time_workers(export: Path, folder: Path, workers: int) -> float:
    """CPU seconds in which a cluster of so many workers surveys and processes an export, after a pass to warm it.

    The scheduler's and this process's own time are in it.
    """
    with open_executor(DaskSettings(mode="local", workers=workers), str(folder / "scratch")) as executor:
        _pass(executor, export, folder / f"warm-{workers}")
        return _pass(executor, export, folder / f"home-{workers}")


def _pass(executor: Executor, export: Path, home: Path) -> float:
    source = Source("bench", "fhir", str(export), AUTHORITY)
    make_home(home, [source])
    room = open_workroom(str(home))
    surveyed = _map(executor, survey_unit, list_jobs(room, source))
    room.vault.resolve(1)
    jobs = jobs_to_process(room, surveyed)
    begun = cpu_seconds()
    _map(executor, process_unit, jobs)
    used = cpu_seconds() - begun
    shutil.rmtree(home)
    return used


def _map(executor: Executor, function: Callable[[Job], Made], jobs: Sequence[Job]) -> list[Made]:
    outcomes = list(executor.map(function, jobs))
    if failed := [done.failure for done in outcomes if done.failure]:
        raise NightroundsError(
            f"{len(failed)} units failed: {failed[0].error}", "benchmark", "see the executor"
        )
    return [done.result for done in outcomes if done.result is not None]


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    size = 10_000_000 if quick else 500_000_000
    patients = invent_patients(PATIENTS)
    for name, some in (("warm", 1_000_000), ("export", size)):
        origin = _write_export(folder / name, patients, some)
    time_round(folder / "warm", folder / "home-warm")
    time_stages(folder / "warm" / "Observation.ndjson", patients)
    figures = _compare(folder, patients, runs, origin)
    shutil.rmtree(folder / "export")
    return [
        *figures,
        _workers(folder, patients, quick, min(runs, 3)),
        _memory(folder, patients, quick, min(runs, 3)),
    ]


def _write_export(folder: Path, patients: list[Patient], size: int) -> str:
    folder.mkdir()
    write_patients(folder / "Patient.ndjson", patients)
    return write_observations(folder / "Observation.ndjson", patients, size)[1]


def _compare(folder: Path, patients: list[Patient], runs: int, origin: str) -> list[Figure]:
    path = folder / "export" / "Observation.ndjson"
    megabytes = path.stat().st_size / 1e6
    peers: dict[str, list[float]] = {name: [] for name in _PEERS}
    stages: list[Stages] = []
    rounds: list[Stages] = []
    for number in range(runs):
        outcomes = {}
        for name, read in _PEERS.items():
            begun = time.process_time()
            outcomes[name] = read(path)
            peers[name].append(time.process_time() - begun)
        seconds, outcome = time_stages(path, patients)
        stages.append(seconds)
        rounds.append(time_round(folder / "export", folder / f"home-{number}"))
        outcomes[_FLOOR] = (outcomes[_FLOOR][0], outcome[1])  # it takes nothing from what it parses
        if set(outcomes.values()) != {outcome}:
            raise NightroundsError("the sides differ in rows or numbers", "benchmark", str(outcomes))
    used = {name: median(found) for name, found in peers.items()}
    of = {name: median(found[name] for found in stages) for name in stages[0]}
    night = {name: median(found[name] for found in rounds) for name in rounds[0]}
    details = {"megabytes": megabytes, "grown_from": origin, "peers_cpu_s": peers, "stages_cpu_s": stages}
    ours = {
        "reading and mapping": (of["read"] + of["map"], 3.5),
        "reading and mapping, with keyed ids of records": (of["read"] + of["map"] + of["key"], None),
        "up to the gate, nothing staged": (sum(of.values()), None),
        "the whole: process and publish": (night["process"] + night["publish"], 8.0),
        "a first round with all its stages": (sum(night.values()), None),
    }
    return _figures(ours, used, megabytes, {**details, "round_cpu_s": rounds})


def _figures(
    ours: dict[str, tuple[float, float | None]], peers: Stages, megabytes: float, details: dict[str, object]
) -> list[Figure]:
    """Each side over the floor, and ours over the plain loop."""

    def speed(seconds: float) -> str:
        return f"{megabytes / seconds:.0f} MB/CPU-s"

    floor, of = peers[_FLOOR], f"{megabytes:.0f} MB of Observations"
    found = [Figure(f"{of}: {_FLOOR}", speed(floor), "", 1.0, details=details)]
    found += [
        Figure(f"{of}: {name}, over the floor", speed(used), speed(floor), used / floor)
        for name, used in peers.items()
        if name != _FLOOR
    ]
    for name, (used, goal) in ours.items():
        meaning = "" if goal is None else f"at most {goal:g} times the floor"
        found.append(
            Figure(f"{of}: {name}, over the floor", speed(used), speed(floor), used / floor, goal, meaning)
        )
    whole, loop = ours["the whole: process and publish"][0], peers[_LOOP]
    name = f"{of}: the whole over the {_LOOP}"
    return [*found, Figure(name, speed(whole), speed(loop), whole / loop, 1.0, "ahead of the loop")]


def _workers(folder: Path, patients: list[Patient], quick: bool, runs: int) -> Figure:
    count, size = (6, 500_000) if quick else (48, 4_000_000)
    export = folder / "units"
    export.mkdir()
    write_patients(export / "Patient.ndjson", patients)
    for number in range(count):
        write_observations(export / f"Observation-{number:02d}.ndjson", patients, size, seed=number)
    used: dict[int, list[float]] = {1: [], 2: []}
    for number in range(runs):
        for workers, found in used.items():
            place = folder / f"cluster-{workers}-{number}"
            place.mkdir()
            found.append(time_workers(export, place, workers))
    one, two = (median(found) for found in used.values())
    shutil.rmtree(export)
    name = f"CPU of {count} units of {size / 1e6:g} MB: two workers over one"
    name = f"CPU of {count} units of {size / 1e6:g} MB: two workers over one"
    details = {"one_cpu_s": used[1], "two_cpu_s": used[2]}
    return Figure(name, f"{two:.1f} s", f"{one:.1f} s", two / one, 1.1, "at most 10 % more", details)


def _memory(folder: Path, patients: list[Patient], quick: bool, runs: int) -> Figure:
    sizes = (5, 20) if quick else (50, 1000)
    peaks: dict[int, list[dict[str, float]]] = {}
    for megabytes in sizes:
        export = folder / f"memory-{megabytes}"
        _write_export(export, patients, megabytes * 1_000_000)
        peaks[megabytes] = [
            peaks_of_round("fhir", export, folder / f"home-memory-{megabytes}-{number}")
            for number in range(runs)
        ]
        shutil.rmtree(export)
    small, large = (median(max(one.values()) for one in peaks[size]) for size in sizes)
    by_stage = {
        stage: [median(one.get(stage, 0.0) for one in peaks[size]) for size in sizes]
        for stage in peaks[sizes[0]][0]
    }
    name = f"peak memory of a first round: {sizes[1]} over {sizes[0]} MB of Observations"
    details = {"megabytes_by_stage": by_stage, "runs": runs}
    return Figure(name, f"{large:.0f} MB", f"{small:.0f} MB", large / small, 1.2, "flat within 20 %", details)
