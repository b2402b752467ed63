"""The demo's nights: a folder of its own, exports that arrive, and a real night round over them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from contracts.errors import Fatal
from contracts.units import Source
from nightrounds.demo.hospital import Hospital
from stores.home import Home

_MARK = ".nightrounds-demo.json"
_TODAY = "NIGHTROUNDS_TODAY"
_KEYS = "NIGHTROUNDS_KEY_DIR"
DAYS = {1: "2024-03-12", 2: "2024-03-13", 3: "2024-03-14"}
"""The frozen clock of each night: the rounds of two demos compare."""


@dataclass(frozen=True)
class Folder:
    """The demo's folder and what lies where in it."""

    out: Path

    @property
    def exports(self) -> Path:
        """The invented hospital as it was drawn, and the truth about it."""
        return self.out / "exports"

    @property
    def arrivals(self) -> Path:
        """Where each system's exports pile up, night by night: what the sources point to."""
        return self.out / "arrivals"

    @property
    def home(self) -> Path:
        """The home of the rounds."""
        return self.out / "home"

    @property
    def keys(self) -> Path:
        """Where the home's key lies, unless the environment names another folder."""
        return Path(os.environ.get(_KEYS) or self.out / "keys")

    @property
    def page(self) -> Path:
        """The page that shows it all."""
        return self.out / "demo.html"

    @property
    def mark(self) -> Path:
        """The file that says that the folder was made by the demo."""
        return self.out / _MARK


@dataclass(frozen=True)
class Night:
    """One round of the demo: what it is called, its round's summary, and its wall time in seconds."""

    name: str
    summary: dict[str, Any] = field(repr=False)
    seconds: float = 0.0


def prepare_folder(out: Path, *, keep: bool) -> Folder:
    """Make the demo's folder: empty, unless what it holds is to be kept. Only what an earlier demo made is removed.

    Raises:
        Fatal: the folder holds something that is no demo's.
    """
    folder = Folder(out.expanduser().resolve())
    if folder.out.exists() and not folder.out.is_dir():
        raise Fatal("the demo's folder is a file", "--out", "a folder that is new or empty")
    if folder.out.is_dir() and any(folder.out.iterdir()) and not folder.mark.is_file():
        raise Fatal(
            "the folder holds other files, and no earlier demo", "--out", "a folder that is new or empty"
        )
    if not keep and folder.mark.is_file():
        for path in (folder.exports, folder.arrivals, folder.home, folder.out / "keys"):
            shutil.rmtree(path, ignore_errors=not path.exists())
        folder.page.unlink(missing_ok=True)
    folder.out.mkdir(parents=True, exist_ok=True)
    if not folder.mark.is_file():
        folder.mark.write_text("{}\n")
    return folder


def use_keys(folder: Folder) -> None:
    """Let this process and its workers find the demo's key, unless the environment names another folder."""
    os.environ.setdefault(_KEYS, str(folder.keys))


def recall(folder: Folder) -> dict[str, Any]:
    """What the demo noted of itself: seed, and how many nights were delivered."""
    return dict(json.loads(folder.mark.read_text()))


def note(folder: Folder, **values: Any) -> None:
    """Note something about the demo for a later call with --keep."""
    folder.mark.write_text(json.dumps({**recall(folder), **values}) + "\n")


def deliver_night(hospital: Hospital, folder: Folder, night: int) -> list[Source]:
    """Let a night's exports arrive, and return the sources to read them by.

    Exports pile up: night 2 finds what night 1 brought still there, so that a late link can reach it. Snapshots (the
    crosswalk, the warehouse) are whole each night, and lie alone.
    """
    sources = []
    for source in hospital.sources_on(night):
        if not source["snapshot"]:
            pile = folder.arrivals / source["name"]
            arriving = pile / f"night-{night}"
            if not arriving.exists():
                _copy_folder(Path(source["location"]), arriving)
            source["location"] = str(pile)
        sources.append(Source(**source))
    return sources


def _copy_folder(origin: Path, target: Path) -> None:
    """Hard links where the disk has them: nothing is copied twice."""
    try:
        shutil.copytree(origin, target, copy_function=os.link)
    except (OSError, shutil.Error):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(origin, target)


def run_night(home: Home, sources: list[Source], name: str, day: str | None) -> Night:
    """Make a real night round on Prefect over `sources`, with the clock frozen at `day` (None: today)."""
    from nightrounds.commands.run import make_round
    from tasks.workroom import open_workroom, save_sources

    save_sources(open_workroom(str(home.path)).vault, sources)
    began = perf_counter()
    with _frozen(day):
        summary = make_round()
    return Night(name, summary, perf_counter() - began)


@contextmanager
def _frozen(day: str | None) -> Iterator[None]:
    before = os.environ.get(_TODAY)
    if day is not None:
        os.environ[_TODAY] = day
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_TODAY, None)
        else:
            os.environ[_TODAY] = before
