"""Where a unit's bytes are: one file-system layer for local paths and remote URLs."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from contracts.archives import MemberPlace, split_path
from contracts.errors import Fatal, NightroundsError, Rejected, Retriable
from contracts.protocols import Fetchable, Place
from contracts.units import Source
from stores.files import FILE_MODE, make_folder

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class LocalPlace:
    """A file on this machine (or one mounted on it). Its path is patient data."""

    path: Path = field(repr=False)
    source: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes."""
        with naming_errors(self.source):
            return self.path.stat().st_size

    def open(self) -> BinaryIO:
        """Open it for reading."""
        with naming_errors(self.source):
            return self.path.open("rb")

    @contextmanager
    def local(self) -> Iterator[Path]:
        """The file itself."""
        with naming_errors(self.source):
            os.stat(self.path)
        yield self.path

    def beside(self) -> Iterator[LocalPlace]:
        """The files in the same folder, by name."""
        with naming_errors(self.source):
            found = sorted(path for path in self.path.parent.iterdir() if path.is_file())
        yield from (LocalPlace(path, self.source) for path in found)


@dataclass(frozen=True)
class RemotePlace:
    """An object that fsspec reaches. Its path is patient data."""

    system: AbstractFileSystem = field(repr=False)
    path: str = field(repr=False)
    source: str = ""
    landing: Path | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The object's name."""
        return PurePosixPath(self.path).name

    @property
    def size(self) -> int:
        """Bytes."""
        with naming_errors(self.source):
            return int(self.system.size(self.path))

    def open(self) -> BinaryIO:
        """Open it for reading; seekable where the protocol allows."""
        with naming_errors(self.source):
            return cast(BinaryIO, self.system.open(self.path, "rb"))

    def local(self) -> AbstractContextManager[Path]:
        """A copy in the clear, mode 0600, in the landing area; gone when the block ends."""
        if self.landing is None:
            raise Fatal(
                "a remote object needs the landing area to be read as a file", f"source {self.source}"
            )
        return temporary_copy(self, self.landing, self.source)


def place_of(source: Source, path: str, landing: Path | None = None) -> Place:
    """The place of one object of a source.

    Args:
        source: its `location` is a folder or a single file, as a path or any URL that fsspec knows.
        path: as `discover` listed it: relative to the folder; for a single file "" or the file's name. The path of a
            member of an archive names the archive, too (`contracts.archives`).
        landing: the home's landing area, for temporary copies of remote objects.

    Raises:
        Fatal: the path leads out of the source, or the location's protocol is unknown.
        Retriable: the location is out of reach.
    """
    path, member = split_path(path)
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise Fatal("a path leads out of its source", f"source {source.name}", "list the source again")
    if member:  # whatever its name: it is looked up, never gone to
        return _member_of(place_of(source, path, landing), member, source, landing)
    system, root = file_system_of(source)
    with naming_errors(source.name):
        single = path in ("", PurePosixPath(root).name) and system.isfile(root)
    full = root if single else f"{root.rstrip('/')}/{path}"
    if "file" in _protocols(system):
        return LocalPlace(Path(full), source.name)
    return RemotePlace(system, full, source.name, landing)


def _member_of(archive: Place, member: str, source: Source, landing: Path | None) -> MemberPlace:
    if landing is None:
        return MemberPlace(archive, member, source.name)
    return MemberPlace(
        archive, member, source.name, lambda place: temporary_copy(place, landing, source.name)
    )


def is_remote(place: Place) -> bool:
    """Whether a place's bytes must be fetched: a remote object, or a member of a remote archive."""
    outer = place.archive if isinstance(place, MemberPlace) else place
    return isinstance(outer, (RemotePlace, Fetchable))


def is_there(place: Place) -> bool:
    """Whether a place's object can be reached now."""
    try:
        with place.open():
            return True
    except (Retriable, Rejected):
        return False


def file_system_of(source: Source) -> tuple[AbstractFileSystem, str]:
    """The fsspec file system of a source, and the location inside it.

    Raises:
        Fatal: the protocol is unknown, or its library is not installed.
        Retriable: the file system is out of reach.
    """
    from fsspec.core import url_to_fs

    try:
        with naming_errors(source.name):
            system, root = url_to_fs(source.location)
    except (ValueError, ImportError):
        fix = "a path, or a URL whose protocol fsspec knows and whose library is installed"
        raise Fatal("the location of this source cannot be used", f"source {source.name}", fix) from None
    return system, str(root)


@contextmanager
def temporary_copy(place: Place, landing: Path, source: str) -> Iterator[Path]:
    """A copy of `place` in the clear, mode 0600 in a folder 0700; gone when the block ends.

    It keeps the extension, by which some libraries tell formats, and no more of the object's name.
    What a killed process left behind is removed when the next copy on this machine is made.
    """
    folder = landing / "clear"
    sweep_copies(landing)
    own = make_folder(folder / f"{_host()}.{os.getpid()}.{secrets.token_hex(6)}")
    try:
        path = own / f"copy{_extension(place.name)}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(handle, "wb") as target, place.open() as opened, naming_errors(source):
            shutil.copyfileobj(opened, target, 1 << 20)
        yield path
    finally:
        shutil.rmtree(own, ignore_errors=True)


def sweep_copies(landing: Path) -> int:
    """Remove clear copies of processes of this machine that are no more; returns how many."""
    removed = 0
    for own in sorted((landing / "clear").glob(f"{_host()}.*.*")):
        pid = own.name.split(".")[1]
        if not pid.isdigit() or not _alive(int(pid)):
            shutil.rmtree(own, ignore_errors=True)
            removed += 1
    return removed


@contextmanager
def naming_errors(source: str) -> Iterator[None]:
    """Turn errors of a file system, whose text holds paths, into ours."""
    try:
        yield
    except NightroundsError:
        raise
    except Exception as error:
        kind = type(error)
        if not isinstance(error, OSError) and kind.__module__ == "builtins":
            raise  # a mistake of ours; errors of storage libraries have types of their own
        fix = "check that it is there and may be read"
        raise Retriable(f"an object cannot be reached ({kind.__name__})", f"source {source}", fix) from None


def _protocols(system: AbstractFileSystem) -> tuple[str, ...]:
    protocol = system.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _extension(name: str) -> str:
    suffixes = PurePosixPath(name).suffixes
    return "".join(suffixes[-2:] if suffixes[-1:] in ([".gz"], [".bgz"], [".zst"]) else suffixes[-1:])


def _host() -> str:
    return "".join(c if c.isalnum() else "-" for c in socket.gethostname())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
