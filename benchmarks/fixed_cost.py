"""What a round over nothing costs: a home whose sources have not changed, by `nightrounds run` as a whole process.

Against a running server (`nightrounds serve`), with a local cluster and with `--sync`; from cold, with a server of its
own for the one process; and, to tell what of it is the machinery's, by the same stages in one process without Prefect.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.images_and_variants import write_images, write_variants
from benchmarks.records import MAKERS, invent_patients, write_patients, write_records

_PLAIN = "import sys, pathlib, benchmarks.homes as homes; homes.make_plain_round(pathlib.Path(sys.argv[1]))"
_START_SECONDS = 240
Timing = tuple[float, float]
"""Wall seconds, and CPU seconds of the process and its children; not those of the server."""


def write_exports(folder: Path) -> list[str]:
    """A small export of each kind; the options of `nightrounds run` that name them."""
    patients = invent_patients(20)
    (folder / "records").mkdir(parents=True)
    write_patients(folder / "records" / "Patient.ndjson", patients)
    for seed, kind in enumerate(MAKERS):
        write_records(folder / "records" / f"{kind}.ndjson", (kind,), patients, 60_000, seed)
    write_images(folder / "images", 20)
    (folder / "variants").mkdir()
    write_variants(folder / "variants" / "cohort.vcf", 500)
    kinds = {"fhir": "records", "dicom": "images", "vcf": "variants"}
    return [part for kind, name in kinds.items() for part in (f"--{kind}", str(folder / name))]


def nightrounds(*arguments: str) -> list[str]:
    """A command line of this checkout's `nightrounds`."""
    return [sys.executable, "-m", "nightrounds", *arguments]


def time_process(command: Sequence[str]) -> Timing:
    """Run a command to its end.

    Raises:
        CalledProcessError: it ended in an error; what it says is shown. Records held back (exit code 3) are none.
    """
    cpu, start = os.times(), time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, os.times()
    if done.returncode not in (0, 3):
        sys.stderr.write(done.stderr[-2_000:] + done.stdout[-2_000:])
        done.check_returncode()
    used = after.children_user + after.children_system - cpu.children_user - cpu.children_system
    return wall, used


@contextmanager
def serving(home: Path) -> Iterator[float]:
    """The home's server and worker, as `nightrounds serve` starts them; yields the seconds until all was up."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "NIGHTROUNDS_SERVER__PORT": str(port)}
    start = time.perf_counter()
    with (home / "logs" / "bench-serve.log").open("wb") as log:
        child = subprocess.Popen(
            nightrounds("serve", "--home", str(home)), env=environment, stdout=log, stderr=log
        )
    try:
        _wait_for_worker(f"http://127.0.0.1:{port}/api", child)
        yield time.perf_counter() - start
    finally:
        child.terminate()
        child.wait(60)


def _wait_for_worker(api: str, child: subprocess.Popen[bytes]) -> None:
    """Wait until the server knows an online worker: all that `serve` starts is up then."""
    for _ in range(_START_SECONDS * 2):
        if child.poll() is not None:
            raise RuntimeError(f"`nightrounds serve` ended with exit code {child.returncode}")
        if _knows_worker(api):
            return
        time.sleep(0.5)
    raise TimeoutError(f"`nightrounds serve` was not up in {_START_SECONDS} seconds")


def _knows_worker(api: str) -> bool:
    ask = f"{api}/work_pools/nightrounds/workers/filter"
    try:
        with urllib.request.urlopen(_post(ask), timeout=2) as answer:
            return any(worker["status"] == "ONLINE" for worker in json.load(answer))
    except (urllib.error.URLError, OSError):  # not up yet
        return False


def _post(url: str) -> urllib.request.Request:
    return urllib.request.Request(url, b"{}", {"content-type": "application/json"})


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    runs = min(runs, 3) if quick else runs
    home, exports = folder / "home", write_exports(folder / "exports")
    os.environ["NIGHTROUNDS_HOME"] = str(home)
    first = time_process(nightrounds("run", "--home", str(home), "--profile", "expert", "--sync", *exports))
    run = nightrounds("run", "--home", str(home))
    commands = {"plain": [sys.executable, "-c", _PLAIN, str(home)], "sync": [*run, "--sync"], "local": run}
    times: dict[str, list[Timing]] = {name: [] for name in ("cold", *commands)}
    for _ in range(1 if quick else runs):
        times["cold"].append(time_process([*run, "--sync"]))
    with serving(home) as started:
        time_process(commands["sync"])  # the server's first run of a flow is slower
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(time_process(command))
    return _figures(times, first, started)


def _figures(times: dict[str, list[Timing]], first: Timing, started: float) -> list[Figure]:
    walls = {name: median(wall for wall, _ in found) for name, found in times.items()}
    cpus = {name: f"{median(cpu for _, cpu in found):.1f} CPU-s" for name, found in times.items()}
    plain = f"{walls['plain']:.1f} s by its stages alone"

    def figure(name: str, side: str, goal: float | None, meaning: str) -> Figure:
        details = {"wall_cpu_s": times[side], "cpu": cpus[side]}
        return Figure(
            f"a round over nothing, {name}, s",
            f"{walls[side]:.1f} s",
            plain,
            walls[side],
            goal,
            meaning,
            details,
        )

    return [
        figure("local cluster", "local", 20.0, "under 20 s"),
        figure("--sync", "sync", 8.0, "under 8 s"),
        figure("from cold, --sync", "cold", None, ""),
        figure("its stages alone, no Prefect", "plain", None, ""),
        Figure("the first round of a new home, from cold, s", f"{first[0]:.1f} s", "", first[0]),
        Figure("start of `nightrounds serve`, s", f"{started:.1f} s", "", started),
    ]
