"""Listing a source's files through one file-system layer: a folder, one file, or a URL that fsspec knows."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from contracts.errors import Fatal, Retriable
from contracts.units import Listed, Stamp

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SKIPPED_NAMES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_INDEX_SUFFIXES = (".csi", ".tbi", ".bai", ".fai", ".gzi", ".idx")
_ETAGS = ("ETag", "etag", "e_tag", "md5Hash", "content_md5", "version_id", "ino")
_MODIFIED = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


def list_files(location: str, suffixes: tuple[str, ...] | None = None) -> tuple[Listed, ...]:
    """List the files of a source, sorted by their path inside it.

    Args:
        location: a folder, a single file, or a URL of either.
        suffixes: lower-case name endings to keep (".ndjson"); None keeps all.

    Returns:
        One `Listed` for each file. Its path is relative to the folder, with forward slashes; the file's name where
        `location` is a single file. Hidden files, index files and what file managers leave behind are skipped.

    Raises:
        Fatal: nothing is there. Retriable: the place did not answer. Neither message tells the location.
    """
    system, root = _resolve(location)
    try:
        if system.isfile(root):
            return (_listed(system, PurePosixPath(root).name, system.info(root)),)
        if not system.exists(root):
            raise Fatal(
                "there is nothing at the source's location", "location", "an existing file, folder or URL"
            )
        found = system.find(root, detail=True)
    except OSError as error:
        raise Retriable(f"the location cannot be listed: {type(error).__name__}", "location") from None
    prefix = root.rstrip("/") + "/"
    kept = {path.removeprefix(prefix): info for path, info in found.items()}
    return tuple(_listed(system, name, kept[name]) for name in sorted(kept) if _wanted(name, suffixes))


def locate(location: str, path: str) -> tuple[AbstractFileSystem, str]:
    """The file system and the full path of a listed object: the inverse of `list_files`."""
    system, root = _resolve(location)
    if system.isfile(root):
        return system, root
    return system, f"{root.rstrip('/')}/{path}"


def _resolve(location: str) -> tuple[AbstractFileSystem, str]:
    from fsspec.core import url_to_fs

    try:
        system, root = url_to_fs(location)
    except (ValueError, ImportError) as error:
        problem = f"no file system for this location: {type(error).__name__}"
        raise Fatal(problem, "location", "a path, or a URL whose fsspec driver is installed") from None
    return system, str(root)


def _wanted(name: str, suffixes: tuple[str, ...] | None) -> bool:
    parts = name.lower().split("/")
    if any(part.startswith(".") or part in _SKIPPED_NAMES for part in parts):
        return False
    if parts[-1].endswith(_INDEX_SUFFIXES):
        return False
    return suffixes is None or parts[-1].endswith(suffixes)


def _listed(system: AbstractFileSystem, name: str, info: dict[str, Any]) -> Listed:
    """A stamp of nanoseconds and inode where the file is local, of etag and time where it is not."""
    if "file" in _protocols(system):
        stat = os.stat(info["name"])
        return Listed(name, Stamp(stat.st_size, str(stat.st_mtime_ns), str(stat.st_ino)))
    modified = next((str(info[key]) for key in _MODIFIED if info.get(key) is not None), "")
    identity = next((str(info[key]) for key in _ETAGS if info.get(key) is not None), "")
    return Listed(name, Stamp(int(info.get("size") or 0), modified, identity))


def _protocols(system: AbstractFileSystem) -> tuple[str, ...]:
    protocol = system.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
