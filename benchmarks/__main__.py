"""Measure against the goals: `python -m benchmarks [--quick] [--runs N] [NAME…]`.

Each benchmark runs in a process of its own, so that none finds caches or memory that another left.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import orjson

from benchmarks.figures import Figure, as_table, save

BENCHMARKS = {
    "fhir": "benchmarks.fhir_to_lake",
    "orchestration": "benchmarks.orchestration",
    "memory": "benchmarks.memory",
    "fixed": "benchmarks.fixed_cost",
    "notes": "benchmarks.notes",
    "records": "benchmarks.fhir_to_omop",
    "nights": "benchmarks.nights",
    "imaging-index": "benchmarks.imaging_index",
    "imaging-deidentify": "benchmarks.imaging_rewrite",
    "imaging-score": "benchmarks.imaging_score",
    "genomics": "benchmarks.genomics",
    "normalisation": "benchmarks.normalisation",
}
"""By name, the module whose `measure(folder, quick, runs)` gives the figures."""

Measure = Callable[[Path, bool, int], list[Figure]]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"all where none is given: {', '.join(BENCHMARKS)}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small inputs, for a first look: no figure to cite"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each side; the median counts (5)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(BENCHMARKS)):
        parser.error(f"no such benchmark: {', '.join(unknown)}; one of {', '.join(BENCHMARKS)}")
    if options.child:
        return _run_here(options.names[0], Path(options.child), options.quick, options.runs)
    figures, failed = [], False
    for name in options.names or BENCHMARKS:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        found = _run_apart(name, options.quick, options.runs)
        failed |= found is None
        figures += found or []
    if figures:
        print(as_table(figures))
        print(f"\nkept in {save(figures, quick=options.quick)}")
    return int(failed)


def _run_apart(name: str, quick: bool, runs: int) -> list[Figure] | None:
    """The figures of one benchmark from a fresh process; None when it failed."""
    with tempfile.TemporaryDirectory(prefix="nightrounds-bench-") as folder:
        command = [sys.executable, "-m", "benchmarks", name, "--runs", str(runs), "--child", folder]
        environment = {
            **os.environ,
            "NIGHTROUNDS_KEY_DIR": f"{folder}/keys",  # the benchmark's own keys, away from the user's
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "POLARS_MAX_THREADS": "2",
        }
        environment.pop("NIGHTROUNDS_HOME", None)
        done = subprocess.run([*command, *(["--quick"] if quick else [])], env=environment, check=False)
        answer = Path(folder) / "figures.json"
        if done.returncode or not answer.is_file():
            print(f"{name} failed with exit code {done.returncode}", file=sys.stderr)
            return None
        return [Figure(**row) for row in orjson.loads(answer.read_bytes())]


def _run_here(name: str, folder: Path, quick: bool, runs: int) -> int:
    measure: Measure = importlib.import_module(BENCHMARKS[name]).measure
    (folder / "figures.json").write_bytes(orjson.dumps(measure(folder, quick, runs)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
