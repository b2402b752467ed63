"""Whether this installation and this home can make a round: one check each, with what to do where one fails."""

from __future__ import annotations

import re
import shutil
import stat
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import NightroundsError
from nightrounds.commands.layout import megabytes, plural

if TYPE_CHECKING:
    from contracts.units import Source
    from flows.settings import Settings
    from stores.home import Home

_ROOT = Path(__file__).resolve().parents[1]
_PYTHON = (3, 11)
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)")
_LOWEST = re.compile(r">= *([0-9][0-9.]*)")
_SPARE_BYTES = 500_000_000
_FACTOR = 2.5
"""A first night's lake, vectors and staging, over the bytes of its exports; as measured on text, the worst case."""


@dataclass(frozen=True)
class Check:
    """What was looked at and found. `state` is ok, warn or fail; `fix` says what to do unless it is ok."""

    name: str
    state: str
    found: str
    fix: str = ""


def check_installation() -> Iterator[Check]:
    """Python, packages and encoders: what no home is needed for."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= _PYTHON:
        yield Check("python", "ok", version)
    else:
        yield Check(
            "python", "fail", version, "install Python 3.11 and make the environment anew: make setup"
        )
    yield _check_packages()
    yield Check("torch", "ok", "not needed: models run on onnxruntime")


def _check_packages() -> Check:
    """The packages that are declared, at the versions that were tested."""
    missing, older, other = [], [], []
    pins = _pins()
    for name, lowest in _declared().items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(f"{name} is missing")
            continue
        if lowest and _release(installed) < _release(lowest):
            older.append(f"{name} {installed} (needs {lowest})")
        elif pins.get(name, installed) != installed:
            other.append(f"{name} {installed} (tested with {pins[name]})")
    if missing or older:
        return Check("packages", "fail", _listed(missing + older), "make setup")
    if other:
        return Check(
            "packages", "warn", _listed(other), "pip install -r constraints.txt brings the tested versions"
        )
    return Check("packages", "ok", f"{len(_declared())} direct ones, at the versions that were tested")


def _declared() -> dict[str, str]:
    """Direct dependencies with the lowest version that is declared, "" where none is."""
    project = _ROOT / "pyproject.toml"
    if project.is_file():
        lines = list(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"])
    else:
        lines = [line for line in metadata.requires("nightrounds") or [] if "extra ==" not in line]
    found = {}
    for line in lines:
        if match := _REQUIREMENT.match(line):
            lowest = _LOWEST.search(line)
            found[match.group(1).lower()] = lowest.group(1) if lowest else ""
    return found


def _pins() -> dict[str, str]:
    """Name and version of every constraint that holds on every platform; empty where they were not shipped."""
    path = _ROOT / "constraints.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = [line.partition("#")[0].strip().split("==") for line in lines if ";" not in line]
    return {pair[0].lower(): pair[1] for pair in pairs if len(pair) == 2}


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version: enough to tell an older one."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:4])


def _listed(items: list[str], most: int = 4) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def check_home(path: Path) -> Iterator[Check]:
    """The home, its key, folders and settings, its catalog, sources, space, server and cluster."""
    from flows.settings import load_settings
    from stores.home import open_home

    try:
        home = open_home(path)
    except NightroundsError as error:
        yield Check("home", "fail", error.message, error.legal or "nightrounds init")
        return
    yield Check("home", "ok", f"format 1, profile {home.profile.value}")
    yield _attempt("key", lambda: f"{home.load_key().key_id} loads, and is this home's")
    yield _check_folders(home)
    try:
        settings = load_settings(path)
    except NightroundsError as error:
        yield Check("settings", "fail", f"{error.place}: {error.message}", error.legal)
        return
    yield Check("settings", "ok", "valid")
    yield from check_settings(home, settings)


def check_settings(home: Home, settings: Settings) -> Iterator[Check]:
    """What the settings point to."""
    yield _attempt("catalog", lambda: _try_catalog(home, settings))
    yield from _check_encoders(settings)
    sources = _known_sources(home, settings)
    sizes: list[int] = []
    if not sources:
        yield Check(
            "sources",
            "warn",
            "none is configured",
            "name them in nightrounds.toml, or: nightrounds run --fhir PATH",
        )
    for source in sources:
        yield _attempt(f"source {source.name}", lambda source=source: _try_source(source, sizes))  # type: ignore[misc]
    yield _check_disk(home, sum(sizes))
    yield _check_server(home, settings)
    yield _check_dask(settings)
    yield _check_schedule(settings)


def _attempt(name: str, work: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", work())
    except NightroundsError as error:
        return Check(name, "fail", error.message, error.legal)


def _check_folders(home: Home) -> Check:
    """Every folder is there, can be written, and is closed to others."""
    from os import W_OK, access

    from stores.home import FOLDERS

    paths = {"home": home.path, **{name: home.path / name for name in FOLDERS}}
    missing = [name for name, path in paths.items() if not path.is_dir()]
    closed = [name for name, path in paths.items() if path.is_dir() and not access(path, W_OK)]
    open_ones = [n for n, p in paths.items() if p.is_dir() and stat.S_IMODE(p.stat().st_mode) & 0o077]
    if missing or closed:
        found = [
            *(f"{name} is missing" for name in missing),
            *(f"{name} cannot be written" for name in closed),
        ]
        return Check("folders", "fail", _listed(found), "restore them, or give this user the right to write")
    if open_ones:
        return Check(
            "folders", "fail", f"others may enter {_listed(open_ones)}", "chmod 700 these folders of the home"
        )
    return Check("folders", "ok", f"{len(paths)} can be written, and are closed to others (0700)")


def _try_catalog(home: Home, settings: Settings) -> str:
    from stores.catalog import Catalog

    with Catalog.open(home, settings.stores.catalog_url or None) as catalog:
        rounds = catalog.rounds(1)
    where = "at its configured URL" if settings.stores.catalog_url else "SQLite in the home"
    return f"{where}, {f'last round {rounds[0].round_no}' if rounds else 'no round yet'}"


def _check_encoders(settings: Settings) -> Iterator[Check]:
    for role, name in (("text", settings.encoders.text), ("image", settings.encoders.image)):
        if name == "none":
            yield Check(
                f"{role} encoder", "warn", "none: left out", f"set encoders.{role} to search by meaning"
            )
        else:
            yield _attempt(f"{role} encoder", lambda name=name: _try_encoder(name))  # type: ignore[misc]


def _try_encoder(name: str) -> str:
    """Whether the graph is built already, or could be: its package is here with the pinned files."""
    from contracts.errors import Fatal
    from tasks.encoders import ENCODERS
    from tasks.encoders.cache import cache_folder, load_model, read_pinned_file

    if name not in ENCODERS:
        raise Fatal("there is no encoder by this name", "setting encoders", f"one of {', '.join(ENCODERS)}")
    model = load_model(name)
    for role in model.files:
        read_pinned_file(model, role)
    built = (cache_folder() / f"{model.name}-{model.onnx_sha256[:16]}.onnx").is_file()
    return f"{name}: {'built' if built else 'is built on first use'}, package and digests right"


def _known_sources(home: Home, settings: Settings) -> list[Source]:
    from tasks.workroom import load_sources, open_workroom

    if settings.sources:
        return [source.to_source() for source in settings.sources]
    try:
        return list(load_sources(open_workroom(str(home.path)).vault).values())
    except NightroundsError:
        return []  # without its key a home tells no sources; that the key fails has a line of its own


def _try_source(source: Source, sizes: list[int]) -> str:
    """List the source; adds its bytes to `sizes`. No name or path of it is told."""
    from connectors.crosswalk import KIND
    from connectors.listing import list_files
    from connectors.registry import connector
    from contracts.errors import Retriable
    from contracts.protocols import Exporter

    try:
        if source.kind == KIND:
            listed = list_files(source.location, (".csv",))
        else:
            one = connector(source.kind)
            if isinstance(one, Exporter):
                return f"{source.kind}, {one.probe(source)}"
            listed = one.discover(source, "").listed
    except OSError as error:
        raise Retriable(
            f"it cannot be listed ({type(error).__name__})", "source", "is it mounted, and readable?"
        ) from None
    total = sum(item.stamp.size for item in listed)
    sizes.append(total)
    return f"{source.kind}, {plural(len(listed), 'file')}, {megabytes(total)}"


def _check_disk(home: Home, source_bytes: int) -> Check:
    """Free space against what the next round may need: all exports anew, or the lake rewritten once."""
    lake = sum(path.stat().st_size for path in home.path.rglob("*") if path.is_file())
    needed = max(int(source_bytes * _FACTOR) - lake, lake) + _SPARE_BYTES
    free = shutil.disk_usage(home.path).free
    found = f"{megabytes(free)} free, up to {megabytes(needed)} needed"
    if free < needed:
        return Check("disk", "fail", found, "make room, or put the home on a larger disk")
    if free < 2 * needed:
        return Check("disk", "warn", found, "make room before the exports grow")
    return Check("disk", "ok", found)


def _check_server(home: Home, settings: Settings) -> Check:
    from flows.environment import server_url
    from flows.server import check_port

    url, server = server_url(home), settings.server
    if url:
        return Check("server", "ok", f"up at {url.removesuffix('/api')}")
    try:
        check_port(server.host, server.port)
    except (NightroundsError, OSError) as error:
        fix = "stop it, or set server.port (NIGHTROUNDS_SERVER__PORT)"
        told = (
            error.message
            if isinstance(error, NightroundsError)
            else f"the host cannot be used: {error.strerror}"
        )
        return Check("server", "fail", f"{server.host}:{server.port}: {told}", fix)
    return Check("server", "ok", f"down; port {server.port} is free (rounds can be made without it)")


def _check_dask(settings: Settings) -> Check:
    dask = settings.dask
    if dask.mode != "address":
        found = (
            f"a local cluster of {plural(dask.workers, 'worker')}"
            if dask.mode == "local"
            else "none: synchronous"
        )
        return Check("dask", "ok", found)
    if reaches(dask.address):
        return Check("dask", "ok", "the scheduler answers")
    return Check(
        "dask", "fail", "nothing answers at dask.address", 'start the scheduler, or set dask.mode = "local"'
    )


def reaches(address: str, seconds: float = 3) -> bool:
    """Whether something listens at `tcp://host:port`."""
    import socket
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname or "", parts.port or 8786), seconds):
            return True
    except (OSError, ValueError):
        return False


def _check_schedule(settings: Settings) -> Check:
    from nightrounds.cron import next_run

    schedule = settings.schedule
    try:
        due = next_run(schedule.cron, schedule.time_zone)
    except NightroundsError as error:
        return Check("schedule", "fail", error.message, error.legal)
    except (KeyError, ValueError, OSError):
        return Check(
            "schedule", "fail", f"{schedule.time_zone!r} is no time zone", "an IANA name: Europe/Vienna"
        )
    if due is None:
        return Check("schedule", "fail", f"{schedule.cron} names no day that comes", "such as 0 1 * * *")
    return Check("schedule", "ok", f"{schedule.cron} {schedule.time_zone}, next {due:%Y-%m-%d %H:%M}")
