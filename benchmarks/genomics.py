"""VCF to typed, de-identified Parquet: ours beside the floor `bcftools view -Ou` and its peers, in CPU seconds.

Ours is the whole way to staging: read, clean, names of samples replaced, keys of variants and alleles, judged,
written. Each side runs in a process of its own; start-up (imports, a first small file) is left out of ours and of
peers that run in Python, and is part of the floor, a command. A peer that is not installed is skipped with a line.
`NIGHTROUNDS_PEERS` names a Python that has the peers (cyvcf2, polars-bio), which want other versions than ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, ratio_of_medians
from benchmarks.genomics_data import write_cohort

GVCF = "NA12878.prod.chr20snippet.g.vcf.gz"
_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "vcf" / "real"
_SIDES = Path(__file__).with_name("genomics_sides.py")
_PEERS = ("cyvcf2", "polars-bio")
_PYSAM_RECORDS = 2_000


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    records = 5_000 if quick else 50_000
    wide = folder / "wide.vcf"
    write_cohort(wide, records, samples=200)
    figures = _figures("VCF, 200 samples", wide, runs, {"floor": (3.0, "at most 3 x the floor")})
    few = folder / "few.vcf"
    write_cohort(few, min(records, _PYSAM_RECORDS), samples=200)
    figures += _compare("VCF, 200 samples, 2,000 records", few, runs, {"pysam": (None, "")})
    if (_SHARED / GVCF).is_file():
        goals = {"polars-bio": (0.85, "at most 0.85 x polars-bio")}
        figures += _figures("gVCF, 301,778 records", _SHARED / GVCF, runs, goals)
    else:
        print("the gVCF is not at hand: skipped", file=sys.stderr)
    figures.append(_two_workers(wide, runs))
    figures.append(_many_samples(folder, quick))
    return figures


def _figures(name: str, path: Path, runs: int, goals: Mapping[str, tuple[float | None, str]]) -> list[Figure]:
    return _compare(name, path, runs, {side: goals.get(side, (None, "")) for side in ("floor", *_PEERS)})


def _compare(name: str, path: Path, runs: int, peers: Mapping[str, tuple[float | None, str]]) -> list[Figure]:
    """Ours against each peer, run in turns so that the machine's other work meets all of them."""
    seconds: dict[str, list[float]] = {side: [] for side in ("ours", *peers)}
    peak = 0.0
    for _ in range(runs):
        for side, found in seconds.items():
            if (told := run_side(side, path)) is not None:
                found.append(told[0])
                peak = max(peak, told[1]) if side == "ours" else peak
    ours = seconds["ours"]
    figures = []
    for side, (goal, meaning) in peers.items():
        if not seconds[side]:
            print(f"{side} is not installed: skipped", file=sys.stderr)
            continue
        figures.append(
            Figure(
                f"{name}, CPU beside {side}",
                f"{median(ours):.2f} s",
                f"{median(seconds[side]):.2f} s",
                ratio_of_medians(ours, seconds[side]),
                goal,
                meaning,
                {"ours": ours, side: seconds[side]},
            )
        )
    figures.append(Figure(f"{name}, peak memory", f"{peak:.0f} MB", "", peak, 500.0, "at most 500 MB"))
    return figures


def run_side(side: str, path: Path) -> tuple[float, float] | None:
    """CPU seconds, children's too, and peak memory (MB) of one side; None where it is not installed."""
    python = os.environ.get("NIGHTROUNDS_PEERS", sys.executable) if side in _PEERS else sys.executable
    done = start_side(side, path, python)
    out, _ = done.communicate()
    if done.returncode == 3:
        return None
    if done.returncode:
        raise RuntimeError(f"{side} failed with exit code {done.returncode}")
    seconds, peak = out.split()[-2:]
    return float(seconds), float(peak)


def start_side(side: str, path: Path, python: str = sys.executable) -> subprocess.Popen[str]:
    """A side at work in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(_SIDES.parents[1])}
    return subprocess.Popen(
        [python, str(_SIDES), side, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )


def _two_workers(path: Path, runs: int) -> Figure:
    """The CPU seconds of a file beside another that is read at the same time, against those of one alone."""
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(runs):
        alone.append((run_side("ours", path) or (0.0, 0.0))[0])
        workers = [start_side("ours", path) for _ in range(2)]
        beside.extend(float(worker.communicate()[0].split()[-2]) for worker in workers)
    ratio = ratio_of_medians(beside, alone)
    shown = f"{median(beside):.2f} s", f"{median(alone):.2f} s"
    return Figure("VCF, CPU a file, two workers beside one", *shown, ratio, 1.1, "at most 1.1")


def _many_samples(folder: Path, quick: bool) -> Figure:
    """Peak memory of a file of 2,000 samples beside that of one of 200, of the same size."""
    records = 200 if quick else 1_000
    peaks = []
    for samples in (2_000, 200):
        path = folder / f"cohort-{samples}.vcf"
        write_cohort(path, records * 2_000 // samples, samples)
        peaks.append((run_side("ours", path) or (0.0, 0.0))[1])
        path.unlink()
    shown = f"{peaks[0]:.0f} MB", f"{peaks[1]:.0f} MB"
    return Figure("VCF, peak memory, 2,000 samples over 200", *shown, peaks[0] / peaks[1], 1.1, "at most 1.1")
