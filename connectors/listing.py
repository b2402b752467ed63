"""Listing a source's files through one file-system layer: a folder, one file, or a URL that fsspec knows.

Where a connector asks for it, the members of zip and tar archives are listed as files of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from contracts.archives import MemberPlace, is_archive, join_path, list_members, split_path
from contracts.errors import Fatal, Rejected, Retriable
from contracts.units import Listed, Stamp

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from contracts.protocols import Place

_SKIPPED_NAMES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_INDEX_SUFFIXES = (".csi", ".tbi", ".bai", ".fai", ".gzi", ".idx")
_ETAGS = ("ETag", "etag", "e_tag", "md5Hash", "content_md5", "version_id", "ino")
_MODIFIED = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


def list_files(
    location: str, suffixes: tuple[str, ...] | None = None, *, strays: bool = False
) -> tuple[Listed, ...]:
    """List the files of a source, sorted by their path inside it.

    Args:
        location: a folder, a single file, or a URL of either.
        suffixes: lower-case name endings to keep (".ndjson"); None keeps all.
        strays: keep hidden files and what file managers leave behind, too.

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
    return tuple(
        _listed(system, name, kept[name]) for name in sorted(kept) if strays or _wanted(name, suffixes)
    )


def list_with_members(
    location: str, *, strict: bool, strays: bool = True, lenient: bool = False
) -> tuple[Listed, ...]:
    """List the files of a source, and in place of each archive its members (`contracts.archives`), sorted by path.

    Args:
        location: as for `list_files`.
        strict: an archive that cannot be read is an error. Where it is not, it is listed itself, so that whoever reads
            it can say why; but of a snapshot all that it held would then seem to be gone.
        strays: list hidden files and what file managers leave behind, too, in archives as beside them.
        lenient: members that are refused are listed, so that whoever reads them can say why, and the others go on.

    Raises:
        As `list_files`; and Fatal: an archive cannot be read, or is refused.
    """
    found: list[Listed] = []
    for item in list_files(location, strays=strays):
        if not is_archive(item.path):
            found.append(item)
            continue
        try:
            found += _members(location, item, strays, lenient)
        except Rejected as rejected:
            if strict:
                what = f"an archive cannot be read: {rejected.reason}"
                raise Fatal(what, "location", rejected.legal) from None
            found.append(item)
    return tuple(sorted(found, key=lambda item: item.path))


def _members(location: str, item: Listed, strays: bool, lenient: bool) -> Iterator[Listed]:
    """An archive's members; each has its archive's time, so that a new archive is looked into as a whole."""
    system, path = locate(location, item.path)
    outer = _Object(system, path, item.stamp.size)
    for member in list_members(outer, lenient=lenient):
        if not (strays or member.refused or _wanted(member.name, None)):
            continue
        stamp = Stamp(member.size, item.stamp.modified, f"{item.stamp.identity}:{member.mark}")
        yield Listed(join_path(item.path, member.name), stamp)


def list_beside(location: str, path: str) -> Iterator[Place]:
    """The objects in the same folder as one of a source's, read where they are; for what small files say of others.

    Args:
        location: the source's.
        path: the object's, as listed.
    """
    archive, member = split_path(path)
    system, outer = locate(location, archive)
    if member:
        yield from MemberPlace(_Object(system, outer, int(system.size(outer))), member).beside()
        return
    for info in system.ls(outer.rpartition("/")[0], detail=True):
        if info["type"] == "file":
            yield _Object(system, info["name"], int(info["size"] or 0))


def names_below(location: str, path: str) -> Iterator[str] | None:
    """Names of all files in the folder of one of a source's objects and below it, relative to that folder.

    Args:
        location: the source's.
        path: the object's, as listed.

    Returns:
        The names; None where the source is that object alone. Of an archive all members that are not refused.
    """
    archive, member = split_path(path)
    system, outer = locate(location, archive)
    if member:
        folder = f"{member.rpartition('/')[0]}/".lstrip("/")
        members = list_members(_Object(system, outer, int(system.size(outer))), lenient=True)
        return (one.name[len(folder) :] for one in members if not one.refused and one.name.startswith(folder))
    root = outer.rpartition("/")[0] + "/"
    if outer == _resolve(location)[1]:
        return None
    return (found.removeprefix(root) for found in system.find(root))


@dataclass(frozen=True)
class _Object:
    """A listed object, to be looked into."""

    system: AbstractFileSystem = field(repr=False)
    location: str = field(repr=False)
    size: int

    @property
    def name(self) -> str:
        return PurePosixPath(self.location).name

    @property
    def path(self) -> Path | None:
        """Where it lies, if on this machine."""
        return Path(self.location) if "file" in _protocols(self.system) else None

    def open(self) -> BinaryIO:
        try:
            return cast(BinaryIO, self.system.open(self.location, "rb"))
        except OSError as error:
            raise Retriable(f"an archive cannot be opened: {type(error).__name__}", "location") from None

    def local(self) -> AbstractContextManager[Path]:
        raise Fatal("a listing reads no files", "location")


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
