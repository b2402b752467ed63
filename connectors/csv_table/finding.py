"""Where a source's mapping files lie, and which of them a file is read by.

In this order: what the source's option `mapping` names (a file, a folder, or several separated by commas; relative to
the source's folder), else all `*.toml` in the source's own folder and in `csv/` of the site's overlay of mappings.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from connectors.csv_table.mapping import FileMapping, load_mapping
from contracts.errors import Fatal, Rejected
from contracts.units import Source

OPTION = "mapping"
OVERLAY_VARIABLE = "NIGHTROUNDS_MAPPINGS"
"""The environment variable that names a site's overlay of mappings (see `tasks.mappings`)."""


def mapping_paths(source: Source) -> list[Path]:
    """The source's mapping files, sorted; lists folders and opens nothing.

    Raises:
        Fatal: what the option names is not there.
    """
    base = _folder(source.location)
    named = [part.strip() for part in source.options.get(OPTION, "").split(",") if part.strip()]
    if named:
        return sorted({path for name in named for path in _named(name, base)})
    found = list(base.glob("*.toml")) if base else []
    return sorted({*found, *overlay_paths()})


def overlay_paths() -> list[Path]:
    """Mapping files in the site's overlay."""
    overlay = os.environ.get(OVERLAY_VARIABLE)
    return sorted((Path(overlay) / "csv").glob("*.toml")) if overlay else []


def _folder(location: str) -> Path | None:
    """The source's folder where it is on this machine."""
    if "://" in location:
        return None
    path = Path(location)
    return path if path.is_dir() else path.parent


def _named(name: str, base: Path | None) -> list[Path]:
    path = Path(name).expanduser()
    if not path.is_absolute() and base is not None:
        path = base / path
    if path.is_dir():
        return sorted(path.glob("*.toml"))
    if not path.is_file():
        raise Fatal(
            "the mapping file is not there", f"option {OPTION}", "an existing TOML file, or a folder of some"
        )
    return [path]


def mapping_for(name: str, paths: Iterable[Path]) -> FileMapping:
    """The mapping by which a file is read.

    Raises:
        Rejected: `no-mapping`: none takes a file of this name.
        Fatal: two do, or one of them is not legal.
    """
    found = [mapping for path in paths if (mapping := load_mapping(path)).takes(name)]
    if not found:
        fix = (
            "a mapping file whose `files` fit the file's name; with ignore = true for what is not to be read"
        )
        raise Rejected("no-mapping", "file", fix)
    if len(found) > 1:
        both = " and ".join(mapping.path.name for mapping in found[:2])
        raise Fatal("two mapping files take one file", both, "`files` that do not overlap")
    return found[0]


def digest_mappings(source: Source) -> str:
    """Digest over all of a source's mapping files: part of its recipe."""
    digest = hashlib.sha256()
    for path in mapping_paths(source):
        digest.update(path.stem.encode() + b"\x00" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
