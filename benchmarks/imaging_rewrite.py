"""Images de-identified and written anew, beside pydicom that reads and saves the same files and changes nothing.

CPU milliseconds a file, the bytes of 512 x 512 pixels included on both sides. Every series has a person of its own,
whose patterns are compiled in the measured time. Memory: one file of a gigabyte of pixels.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.dicom_images import write_archive
from benchmarks.figures import Figure, ratio_of_medians

_GOAL = 1.25
_STRETCH = 4.6 / 6.0
_TODAY = date(2026, 11, 24)
_GIGABYTE = 1 << 30


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    count = 90 if quick else 1500
    write_archive(folder / "images", count)
    files = sorted((folder / "images").rglob("*.dcm"))
    rewritten = folder / "rewritten.dcm"
    _rewrite(files[:1], rewritten)  # imports and dictionaries are not what is measured
    _save(files[:1], rewritten)
    ours, peer, copied = [], [], []
    for _ in range(runs):
        copied.append(_cpu_ms(lambda: _copy(files, rewritten)) / count)
        peer.append(_cpu_ms(lambda: _save(files, rewritten)) / count)
        ours.append(_cpu_ms(lambda: _rewrite(files, rewritten)) / count)
    details = {"files": count, "ours": ours, "pydicom": peer, "copy": copied, "stretch": _STRETCH}
    ratio = ratio_of_medians(ours, peer)
    spelled = f"{median(ours):.2f} ms", f"{median(peer):.2f} ms"
    return [
        Figure("images de-identified / pydicom read + save", *spelled, ratio, _GOAL, "at most 1.25", details),
        Figure(
            "the same, less copying the bytes",
            f"{median(ours) - median(copied):.2f} ms",
            f"copy {median(copied):.2f} ms",
            median(ours) - median(copied),
        ),
        _memory(folder),
    ]


def _rewrite(files: Sequence[Path], rewritten: Path) -> None:
    """De-identify the files, as the round does: one cleaner, a person for each series."""
    from contracts.identity import Person
    from contracts.keys import Key
    from contracts.privacy import Profile
    from stores.places import LocalPlace
    from tasks.dicom.deidentify import FileCleaner

    cleaner = FileCleaner(Key("bench", bytes(range(32))), Profile.EXPERT, _TODAY)
    people: dict[Path, Person] = {}
    for path in files:
        number = len(people) + 1
        traits = {"name": (f"INVENTED{number}", "PERSON"), "identifier": (f"P{number:07d}",)}
        person = people.setdefault(path.parent, Person(number, -50, traits))
        with rewritten.open("wb") as file:
            cleaner.clean(LocalPlace(path, "pacs"), person).write(file)


def _save(files: Sequence[Path], rewritten: Path) -> None:
    from pydicom import dcmread

    for path in files:
        dcmread(path).save_as(rewritten)


def _copy(files: Sequence[Path], rewritten: Path) -> None:
    for path in files:
        rewritten.write_bytes(path.read_bytes())


def _cpu_ms(work: Callable[[], None]) -> float:
    begin = os.times()
    work()
    end = os.times()
    return 1000 * (end.user + end.system - begin.user - begin.system)


def _memory(folder: Path) -> Figure:
    """Peak memory beyond that of a small file, for one that holds a gigabyte of pixels that take no room."""
    small = next((folder / "images").rglob("*.dcm"))
    large = folder / "large.dcm"
    data = small.read_bytes()[: -512 * 512 * 2]
    with large.open("wb") as file:
        file.write(data[:-4] + _GIGABYTE.to_bytes(4, "little"))
        file.truncate(len(data) + _GIGABYTE)
    peaks = [_peak_mib(path) for path in (small, large)]
    large.unlink()
    more = peaks[1] - peaks[0]
    return Figure(
        "memory for 1 GB of pixels, beyond a small file",
        f"{peaks[1]:.0f} MiB",
        f"{peaks[0]:.0f} MiB",
        more,
        32,
        "at most 32 MiB more",
    )


def _peak_mib(path: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.imaging_rewrite", str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout)


if __name__ == "__main__":
    _rewrite([Path(sys.argv[1])], Path(os.devnull))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
