"""Members of zip and tar archives as objects: how they are named, what is refused, and how their bytes are read.

A member's path in its source is `<archive>!/<member>`; both are patient data. Nothing is ever unpacked under a name
that an archive gives: members are read as streams, so a name can lead nowhere. Refused all the same are archives that
were made to do harm: names that climb out of the archive, members that overlap or unfold beyond all measure.
"""

from __future__ import annotations

import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from contracts.errors import Fatal, Rejected

if TYPE_CHECKING:
    from contracts.protocols import Place

SUFFIXES = (".zip", ".tar")
"""Names of archives. Compressed tar cannot be entered in the middle: each member would cost all before it."""
MEMBER_LIMIT = 1_000_000
RATIO_LIMIT = 250
RATIO_BYTES = 64 << 20
"""A member above this size may not unfold to more than `RATIO_LIMIT` times its packed size; tables reach some 50."""

_T = TypeVar("_T")
_SEPARATOR = "!/"
_BUFFER = 1 << 18
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, struct.error)
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name there (patient data), its size unpacked and its checksum or place."""

    name: str = field(repr=False)
    size: int
    mark: str


def join_path(archive: str, member: str) -> str:
    """The path of a member in its source."""
    return f"{archive}{_SEPARATOR}{member}"


def split_path(path: str) -> tuple[str, str]:
    """(archive, member) of a member's path; (path, "") for any other."""
    for suffix in SUFFIXES:
        at = path.lower().find(suffix + _SEPARATOR)
        if at >= 0:
            end = at + len(suffix)
            return path[:end], path[end + len(_SEPARATOR) :]
    return path, ""


def is_archive(name: str) -> bool:
    """Whether a file is an archive, by its name."""
    return name.lower().endswith(SUFFIXES)


def list_members(archive: Place) -> tuple[Member, ...]:
    """The files of an archive, sorted by name; folders and links are none.

    Raises:
        Rejected: `corrupt-archive`, `encrypted-archive`, `unsafe-archive` (a name leads out of it, or stands twice),
            `archive-bomb`, `unsupported-archive`. No message tells a name.
    """
    try:
        members = _list_tar(archive) if _is_tar(archive) else _list_zip(archive)
    except _DAMAGE:
        raise _corrupt() from None
    if len(members) > MEMBER_LIMIT:
        raise Rejected("archive-bomb", "archive", f"at most {MEMBER_LIMIT:,} members")
    names = [member.name for member in members]
    if len(set(names)) < len(names) or not all(map(_is_safe, names)):
        raise Rejected("unsafe-archive", "archive", "members named once, below the archive's own root")
    return tuple(sorted(members, key=lambda member: member.name))


def _is_safe(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    drive = len(name) > 1 and name[1] == ":"
    return (
        bool(parts)
        and not name.startswith(("/", "\\"))
        and ".." not in parts
        and not drive
        and "\0" not in name
    )


def _corrupt() -> Rejected:
    return Rejected("corrupt-archive", "archive", "a whole archive; export it again")


def _is_tar(archive: Place) -> bool:
    return archive.name.lower().endswith(".tar")


def _list_zip(archive: Place) -> list[Member]:
    infos = [info for info in _opened_zip(archive).infolist() if not info.is_dir()]
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise Rejected("encrypted-archive", "archive", "an archive without a password")
    if any(info.compress_type not in _METHODS for info in infos):
        raise Rejected(
            "unsupported-archive", "archive", "members stored, or packed by deflate, bzip2 or LZMA"
        )
    _refuse_bombs(infos)
    return [Member(info.filename, info.file_size, f"{info.CRC:08x}") for info in infos]


def _refuse_bombs(infos: Sequence[zipfile.ZipInfo]) -> None:
    """Members that overlap (https://www.usenix.org/system/files/woot19-paper_fifield_0.pdf) or unfold too far."""
    ends = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < ends:
            raise Rejected("archive-bomb", "archive", "members that do not overlap")
        ends = info.header_offset + 30 + info.compress_size
        if info.file_size > max(RATIO_BYTES, RATIO_LIMIT * info.compress_size):
            raise Rejected("archive-bomb", "archive", f"members packed at most {RATIO_LIMIT} to 1")


def _list_tar(archive: Place) -> list[Member]:
    size, infos = archive.size, _tar_index(archive)
    if any(info.offset_data + info.size > size for info in infos.values()):
        raise _corrupt()  # tarfile itself takes a file that is cut off for its end
    return [Member(info.name, info.size, str(info.offset_data)) for info in infos.values()]


def _opened_zip(archive: Place) -> zipfile.ZipFile:
    """The archive with its directory read: once a process for a local one, since members are opened one by one."""
    path = getattr(archive, "path", None)
    if isinstance(path, Path):
        stat = path.stat()
        return _cached_zip(path, stat.st_size, stat.st_mtime_ns, os.getpid())
    return zipfile.ZipFile(archive.open())


@lru_cache(maxsize=4)
def _cached_zip(path: Path, _size: int, _modified: int, _process: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _tar_index(archive: Place) -> dict[str, tarfile.TarInfo]:
    path = getattr(archive, "path", None)
    if isinstance(path, Path):
        stat = path.stat()
        return _cached_index(path, stat.st_size, stat.st_mtime_ns)
    with archive.open() as raw:
        return _read_index(raw)


@lru_cache(maxsize=4)
def _cached_index(path: Path, _size: int, _modified: int) -> dict[str, tarfile.TarInfo]:
    with path.open("rb") as raw:
        return _read_index(raw)


def _read_index(raw: BinaryIO) -> dict[str, tarfile.TarInfo]:
    found: dict[str, tarfile.TarInfo] = {}
    with tarfile.open(fileobj=raw, mode="r:") as tar:
        for info in tar:
            if info.isreg() and not info.issparse():
                if info.name in found:
                    raise Rejected("unsafe-archive", "archive", "members named once")
                found[info.name] = info
    return found


@dataclass(frozen=True)
class MemberPlace:
    """A member of an archive. Its name is patient data.

    Attributes:
        archive: the archive's own place.
        member: the name in it.
        source: for messages.
        copy: makes a copy in the clear, where a reader needs a file.
    """

    archive: Place = field(repr=False)
    member: str = field(repr=False)
    source: str = ""
    copy: Callable[[MemberPlace], AbstractContextManager[Path]] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The member's own name, without folders."""
        return PurePosixPath(self.member).name

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        try:
            if _is_tar(self.archive):
                return _tar_index(self.archive)[self.member].size
            return _opened_zip(self.archive).getinfo(self.member).file_size
        except (KeyError, *_DAMAGE):
            raise _corrupt() from None

    def open(self) -> BinaryIO:
        """Open it for reading; damage shows as `Rejected` when it is met."""
        try:
            if _is_tar(self.archive):
                info = _tar_index(self.archive)[self.member]
                raw: io.RawIOBase = _Slice(self.archive.open(), info.offset_data, info.size)
            else:
                raw = _Unpacked(_opened_zip(self.archive).open(self.member))
        except (
            KeyError,
            NotImplementedError,
            RuntimeError,
            *_DAMAGE,
        ):  # the second: a compression that zipfile lacks
            raise _corrupt() from None
        return cast(BinaryIO, io.BufferedReader(raw, _BUFFER))

    def local(self) -> AbstractContextManager[Path]:
        """A copy in the clear, as the store that made this place keeps them; gone when the block ends."""
        if self.copy is None:
            raise Fatal("a member of an archive needs the landing area to be read as a file", self.source)
        return self.copy(self)

    def beside(self) -> Iterator[MemberPlace]:
        """The members in the same folder of the archive."""
        folder = PurePosixPath(self.member).parent
        for found in list_members(self.archive):
            if PurePosixPath(found.name).parent == folder:
                yield MemberPlace(self.archive, found.name, self.source, self.copy)


def member_places(archive: Place) -> Iterator[MemberPlace]:
    """The places of an archive's members. Raises as `list_members`."""
    for member in list_members(archive):
        yield MemberPlace(archive, member.name)


class _Unpacked(io.RawIOBase):
    """A member's stream; zipfile checks length and checksum at its end."""

    def __init__(self, stream: object) -> None:
        super().__init__()
        self._stream = cast(BinaryIO, stream)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._guarded(lambda: self._stream.seek(offset, whence))

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._guarded(lambda: self._stream.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()

    @staticmethod
    def _guarded(read: Callable[[], _T]) -> _T:
        try:
            return read()
        except _DAMAGE:
            raise _corrupt() from None


class _Slice(io.RawIOBase):
    """A range of bytes of another stream, as a stream."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._stream, self._start, self._size, self._at = stream, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        self._stream.seek(self._start + self._at)
        data = self._stream.read(wanted)
        if not data:
            raise _corrupt()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
