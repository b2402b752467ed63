"""The benchmarks run: they import, their inputs are what they say, and their smallest variants end with a figure.

No speed is judged here: that needs a quiet machine and `make bench`.
"""

from __future__ import annotations

import importlib
import os
from functools import partial
from pathlib import Path
from unittest import mock

import orjson
import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.fhir_orjson_peer import TARGETS, Loop, Rejection, read_by_loop
from benchmarks.fhir_to_lake import (
    AUTHORITY,
    KEY,
    TODAY,
    known_people,
    read_by_nightrounds,
    read_by_peer,
    require_same,
)
from benchmarks.fhir_to_omop import time_stages
from benchmarks.figures import Figure, as_table, ratio_of_medians
from benchmarks.images_and_variants import write_images, write_variants
from benchmarks.memory import peaks_of_round
from benchmarks.nights import change, draw_export
from benchmarks.observation_peers import parse_only, read_by_duckdb, read_by_orjson, read_by_polars
from benchmarks.observations import write_observations
from benchmarks.orchestration import map_by, run_in_loop, time_pass, write_units
from benchmarks.processes import Sampler, cpu_seconds, family_bytes
from benchmarks.records import invent_patients, write_records
from contracts.errors import NightroundsError
from contracts.privacy import Profile
from contracts.units import Source
from flows.executor import Executor
from flows.settings import DaskSettings
from tasks.deidentification.text import Scrubber


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_can_be_measured(name: str) -> None:
    assert callable(importlib.import_module(BENCHMARKS[name]).measure)


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "no such benchmark: speed" in capsys.readouterr().err


@pytest.mark.parametrize("kind", TARGETS)
def test_both_readers_give_the_same_rows(tmp_path: Path, kind: str) -> None:
    path, patients = tmp_path / "records.ndjson", invent_patients(20)
    size = 1_200_000 if kind == "DocumentReference" else 900_000
    records = write_records(path, (kind,), patients, size, seed=11)
    people = known_people(patients)
    readers = partial(read_by_nightrounds, people=people), partial(read_by_peer, people=people)
    assert 0 < require_same(path, TARGETS[kind], *readers) < records  # the bad records are left out


def test_another_persons_shift_is_noticed(tmp_path: Path) -> None:
    path, patients = tmp_path / "records.ndjson", invent_patients(20)
    write_records(path, ("Encounter",), patients, 900_000, seed=11)
    people, others = known_people(patients), known_people(patients[::-1])
    ours, peer = partial(read_by_nightrounds, people=people), partial(read_by_peer, people=others)
    with pytest.raises(AssertionError, match=r"person_id differs"):
        require_same(path, TARGETS["Encounter"], ours, peer)


def test_the_peer_refuses_with_the_same_reasons(tmp_path: Path) -> None:
    lines = [
        {
            "resourceType": "Encounter",
            "id": "a",
            "subject": {"reference": "Patient/x"},
            "status": "entered-in-error",
        },
        {"resourceType": "Encounter", "id": "b", "period": {"start": "2020-01-01"}},
        {
            "resourceType": "Encounter",
            "id": "c",
            "subject": {"reference": "Patient/x"},
            "period": {"start": "2020-02-30"},
        },
    ]
    path = tmp_path / "bad.ndjson"
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    ours: list[Rejection] = []
    peer: list[Rejection] = []
    list(read_by_nightrounds(path, ours, people={}))
    list(read_by_loop(path, Loop(KEY, {}, Scrubber(Profile.EXPERT, TODAY), AUTHORITY), peer))
    assert [reason for _, reason in sorted(peer)] == [reason for _, reason in sorted(ours)]
    assert len(peer) == 3


def test_units_hold_no_record_twice(tmp_path: Path) -> None:
    write_units(tmp_path / "units", 3, 20_000)
    ids = [
        orjson.loads(line)["id"]
        for path in sorted((tmp_path / "units").glob("unit-*.ndjson"))
        for line in path.read_bytes().splitlines()
    ]
    assert len(ids) == len(set(ids)) > 30


def test_the_executor_and_the_loop_do_the_same_units(tmp_path: Path) -> None:
    write_units(tmp_path / "units", 2, 20_000)
    source = Source("bench", "fhir", str(tmp_path / "units"), "hospital-a")
    executor = Executor(DaskSettings(mode="sync"), str(tmp_path))
    wall, cpu = time_pass(map_by(executor), tmp_path / "home", source)
    assert wall > 0 and cpu > 0
    assert not (tmp_path / "home").exists()


def test_a_failing_unit_fails_the_benchmark(tmp_path: Path) -> None:
    run = map_by(Executor(DaskSettings(mode="sync"), str(tmp_path)))

    def fail(_job: object) -> None:
        raise ValueError

    with pytest.raises(NightroundsError, match="1 units failed: ValueError"):
        run(fail, [object()])  # type: ignore[list-item]


def test_the_loop_gives_results_in_order() -> None:
    results, wall, _cpu = run_in_loop(str, [3, 1, 2])  # type: ignore[list-item]
    assert results == ["3", "1", "2"] and wall >= 0


@pytest.mark.parametrize("kind", ["dicom", "vcf"])
def test_a_rounds_memory_is_told_by_stage(tmp_path: Path, kind: str) -> None:
    (tmp_path / "export").mkdir()
    if kind == "dicom":
        write_images(tmp_path / "export" / "images", 2)
    else:
        write_variants(tmp_path / "export" / "cohort.vcf", 20)
    peaks = peaks_of_round(kind, tmp_path / "export", tmp_path / "home")
    assert peaks.keys() >= {"survey", "process", "publish", "derive"}
    assert all(20 < peak < 4_000 for peak in peaks.values())


def test_the_sampler_sees_what_a_stage_holds() -> None:
    before = family_bytes(os.getpid())
    with Sampler(every=0.01).running() as sampler, sampler.stage("hold"):
        held = bytearray(200_000_000)
        held[::4096] = b"x" * len(held[::4096])
    assert sampler.peaks["hold"] > before + 150_000_000


def test_cpu_time_grows_with_work() -> None:
    before = cpu_seconds()
    sum(i * i for i in range(3_000_000))
    assert cpu_seconds() > before


def test_a_miss_is_called_a_miss() -> None:
    figures = [
        Figure("a", "1 s", "2 s", 0.5, 1.0, "at most 1"),
        Figure("b", "3 s", "2 s", 1.5, 1.0),
        Figure("c", "1", "", 1),
    ]
    assert [f.verdict for f in figures] == ["met", "missed", "stated"]
    assert as_table(figures).splitlines()[2].endswith("missed")
    assert ratio_of_medians([1.0, 9.0, 2.0], [4.0, 4.0, 400.0]) == 0.5


def test_observations_are_unique_and_of_the_size_asked_for(tmp_path: Path) -> None:
    count, _origin = write_observations(tmp_path / "o.ndjson", invent_patients(5), 300_000)
    lines = [orjson.loads(line) for line in (tmp_path / "o.ndjson").read_bytes().splitlines()]
    assert len({line["id"] for line in lines}) == len(lines) == count > 200
    assert len({line["encounter"]["reference"] for line in lines}) >= count / 20


def test_all_readers_of_observations_agree(tmp_path: Path) -> None:
    path, patients = tmp_path / "o.ndjson", invent_patients(5)
    with mock.patch("benchmarks.observations.SAMPLES", tmp_path / "none"):
        count, _origin = write_observations(path, patients, 400_000)
    stages, outcome = time_stages(path, patients)
    assert outcome[0] == count and outcome[1] > 0
    assert stages.keys() == {"read", "key", "clean", "de-identify", "map", "judge"}
    assert read_by_duckdb(path) == read_by_polars(path) == read_by_orjson(path) == outcome
    assert parse_only(path) == (count, 0.0)


def test_a_night_changes_one_record_in_a_hundred() -> None:
    export = draw_export(invent_patients(5), 1_000)
    before = orjson.loads(orjson.dumps(export))
    changed = change(export, night=1)
    differing = [
        (one, other)
        for kind in export
        for one, other in zip(export[kind], before[kind], strict=True)
        if one != other
    ]
    assert len(differing) == changed == 10
    assert all(one["id"] == other["id"] and one["meta"]["lastUpdated"] for one, other in differing)
