"""Peak memory of a round at ten times the input over that at one time, for each kind of export.

A round in one process without a cluster, so that all of its memory is in one place; sampled twenty times a second,
children included (VCF is parsed in one), and told apart by stage. Embedding is left out: its encoder's memory is
the same at any size and its time is not; what it holds of the lake is measured by planning it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from benchmarks.figures import Figure
from benchmarks.homes import make_home, make_plain_round
from benchmarks.images_and_variants import write_images, write_variants
from benchmarks.processes import Sampler
from benchmarks.records import MAKERS, invent_patients, write_patients, write_records
from contracts.units import Source

TIMES = 10
Peaks = dict[str, float]
"""MB by stage."""


@dataclass(frozen=True)
class Export:
    """A kind of export: what one time of it is, in words, and how it is written."""

    kind: str
    unit: str
    size: int
    quick: int
    write: Callable[[Path, int], None]


def _write_fhir(folder: Path, megabytes: int) -> None:
    patients = invent_patients(20 * megabytes)
    write_patients(folder / "patients.ndjson", patients)
    for seed, kind in enumerate(MAKERS):
        # as in Synthea's exports, most of the bytes are notes'; fewer here, since scrubbing them takes the time
        share = 0.2 if kind == "DocumentReference" else 0.4
        write_records(folder / f"{kind}.ndjson", (kind,), patients, int(share * megabytes * 1e6), seed)


def _write_dicom(folder: Path, files: int) -> None:
    write_images(folder / "archive", files)


def _write_vcf(folder: Path, records: int) -> None:
    write_variants(folder / "cohort.vcf", records)


EXPORTS = (
    Export("fhir", "MB", 20, 4, _write_fhir),
    Export("dicom", "files", 100, 40, _write_dicom),
    Export("vcf", "records", 20_000, 2_000, _write_vcf),
)


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    runs = 1 if quick else runs
    return [_measure_kind(folder, export, export.quick if quick else export.size, runs) for export in EXPORTS]


def _measure_kind(folder: Path, export: Export, size: int, runs: int) -> Figure:
    found: dict[int, list[Peaks]] = {1: [], TIMES: []}
    for times in found:
        (folder / f"{export.kind}-{times}").mkdir()
        export.write(folder / f"{export.kind}-{times}", size * times)
    for number in range(runs):
        for times, peaks in found.items():
            home = folder / f"home-{export.kind}-{times}-{number}"
            peaks.append(peaks_of_round(export.kind, folder / f"{export.kind}-{times}", home))
    one, ten = (median(max(peaks.values()) for peaks in found[times]) for times in found)
    by_stage = {
        stage: [median(p.get(stage, 0.0) for p in found[t]) for t in found] for stage in found[TIMES][0]
    }
    details = {"one": size, "unit": export.unit, "megabytes_by_stage_1x_10x": by_stage}
    name = f"peak memory, {export.kind}: {size * TIMES:,} over {size:,} {export.unit}"
    return Figure(name, f"{ten:.0f} MB", f"{one:.0f} MB", ten / one, 1.2, "at most 1.2", details)


def peaks_of_round(kind: str, export: Path, home: Path) -> Peaks:
    """The peak memory of each stage of a first round over an export, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", kind, str(export), str(home)]
    environment = {**os.environ, "NIGHTROUNDS_ENCODERS__TEXT": "none", "NIGHTROUNDS_ENCODERS__IMAGE": "none"}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return {stage: size / 1e6 for stage, size in orjson.loads(done.stdout.splitlines()[-1]).items()}


def watch_round(kind: str, export: Path, home: Path) -> dict[str, int]:
    """Make the round here; bytes by stage."""
    with Sampler().running() as sampler:
        make_home(home, [Source("bench", kind, str(export), "hospital-a")])
        current = make_plain_round(home, sampler)
        if current.failed or current.blocked:
            raise SystemExit(f"the round failed: {current.state}")
        with sampler.stage("plan embedding"):
            _plan_embedding(current)
    return sampler.peaks


def _plan_embedding(current: object) -> None:
    """What embedding notes holds before it encodes the first: the chunks of the lake's notes, and what is new."""
    from flows.rounds import Round
    from tasks.embedding import NOTE_SOURCE, chunk_notes, held_vectors, lacking
    from tasks.encoders import load_encoder

    assert isinstance(current, Round)
    if current.lake.version(NOTE_SOURCE) is not None:
        held = held_vectors(current.vectors, "note", load_encoder("minilm-l6-v2"))
        for wanted in chunk_notes(current.lake, current.room.key):
            lacking(wanted, held)


if __name__ == "__main__":
    print(orjson.dumps(watch_round(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))).decode())
