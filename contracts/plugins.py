"""Plugins: packages of a site that bring export formats of their own, found in every process that needs them.

A plugin is a package on the Python path. Importing it registers its connectors (`connectors.registry.register`) and its
lake tables (`contracts.schemas.lake.register`); its folders `mappings/` and `suites/` are read beside ours. It is found

- by name in `NIGHTROUNDS_PLUGINS` (several are separated by commas), which worker processes inherit, or
- by an entry point of an installed package in the group `nightrounds.connectors`: `kind = "package.module:Class"`.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from contracts.errors import Fatal

VARIABLE = "NIGHTROUNDS_PLUGINS"
"""Environment variable that names plugins: workers on other machines see it too."""

ENTRY_POINTS = "nightrounds.connectors"
"""Group under which an installed package declares its connectors."""


@dataclass(frozen=True)
class Plugin:
    """A plugin that is loaded: its package's name, and the folders that the package lies in (none for a module)."""

    name: str
    folders: tuple[Path, ...] = ()


_loaded: dict[str, Plugin] = {}
_lock = threading.RLock()


def load_plugins() -> tuple[Plugin, ...]:
    """Import the plugins that are not yet imported in this process; returns all of them, sorted by name.

    Raises:
        Fatal: a plugin is not on the Python path, or something that it imports is missing.
    """
    names = _names()
    with _lock:
        for name in names:
            if name not in _loaded:
                _load(name)
        return tuple(_loaded[name] for name in names)


def plugin_folders(name: str) -> tuple[Path, ...]:
    """The folders called `name` inside the plugins' packages, as far as there are any."""
    found = [folder / name for plugin in load_plugins() for folder in plugin.folders]
    return tuple(folder for folder in found if folder.is_dir())


@lru_cache(maxsize=1)
def declared_connectors() -> tuple[EntryPoint, ...]:
    """The connectors that installed packages declare. Looked up once a process: what is installed stays so."""
    return tuple(entry_points(group=ENTRY_POINTS))


def _names() -> list[str]:
    configured = [name.strip() for name in os.environ.get(VARIABLE, "").split(",")]
    installed = [point.value.partition(":")[0].partition(".")[0] for point in declared_connectors()]
    return sorted({name for name in (*configured, *installed) if name})


def _load(name: str) -> None:
    _loaded[name] = Plugin(name)  # at once, since registering asks for the plugins again
    try:
        module = import_module(name)
    except ImportError as error:
        fix = f"put it and what it needs on the Python path, or take it out of {VARIABLE}"
        raise Fatal(f"the plugin cannot be loaded: {type(error).__name__}", f"plugin {name}", fix) from error
    finally:
        del _loaded[name]
    _loaded[name] = Plugin(name, tuple(Path(folder) for folder in getattr(module, "__path__", ())))
