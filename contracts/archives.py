"""Members of zip and tar archives as objects: how they are named, what is refused, and how their bytes are read.

A member's path in its source is `<archive>!/<member>`; both are patient data. Nothing is ever unpacked under a name
that an archive gives: members are read as streams, so a name can lead nowhere. Refused all the same are archives that
were made to do harm: names that climb out of the archive, members that overlap or unfold beyond all measure.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from contracts.archive_index import (
    BUFFER,
    DAMAGE,
    Entry,
    Index,
    Member,
    corrupt,
    index_of,
    is_packed,
    opened_tar,
    refuse,
)
from contracts.errors import Fatal

if TYPE_CHECKING:
    from contracts.protocols import Place

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
"""Names of archives that are entered."""
CLOSED_SUFFIXES = (".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar")
"""Names of archives that cannot be entered in the middle: each member would cost all before it."""
_T = TypeVar("_T")
_SEPARATOR = "!/"


def join_path(archive: str, member: str) -> str:
    """The path of a member in its source."""
    return f"{archive}{_SEPARATOR}{member}"


def split_path(path: str) -> tuple[str, str]:
    """(archive, member) of a member's path; (path, "") for any other."""
    low = path.lower()
    found = [at + len(suffix) for suffix in SUFFIXES if (at := low.find(suffix + _SEPARATOR)) >= 0]
    if not found:
        return path, ""
    end = min(found)
    return path[:end], path[end + len(_SEPARATOR) :]


def is_archive(name: str) -> bool:
    """Whether a file is an archive that is entered, by its name."""
    return name.lower().endswith(SUFFIXES)


def is_closed_archive(name: str) -> bool:
    """Whether a file is an archive that is not entered, by its name."""
    return name.lower().endswith(CLOSED_SUFFIXES)


def list_members(archive: Place, *, lenient: bool = False) -> tuple[Member, ...]:
    """The files of an archive, sorted by name; folders are none.

    Args:
        archive: a file.
        lenient: members that are refused are listed with the reason, links with `archive-link`, so that the others go
            on; else one such member has the archive refused, and links are left out.

    Raises:
        Rejected: `corrupt-archive`, `archive-bomb`; and, unless `lenient`, `encrypted-archive`, `unsupported-archive`,
            `unsafe-archive` (a name leads out of it, or stands twice). No message tells a name.
    """
    try:
        entries = index_of(archive).entries.values()
    except DAMAGE:
        raise corrupt() from None
    members = [entry.member for entry in entries]
    if not lenient:
        members = [member for member in members if member.refused != "archive-link"]
        for member in members:
            refuse(member.refused)
    return tuple(sorted(members, key=lambda member: member.name))


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
        """Bytes, unpacked.

        Raises:
            Rejected: as `open`.
        """
        return self._found()[1].member.size

    @property
    def packed(self) -> bool:
        """Whether going back in it costs all that lies before."""
        _, entry = self._found()
        return is_packed(self.archive) or bool(entry.info and entry.info.compress_type != zipfile.ZIP_STORED)

    def _found(self) -> tuple[Index, Entry]:
        try:
            index = index_of(self.archive)
            entry = index.entries[self.member]
        except (KeyError, *DAMAGE):
            raise corrupt() from None
        refuse(entry.member.refused)
        return index, entry

    def open(self) -> BinaryIO:
        """Open it for reading; damage shows as `Rejected` when it is met.

        Raises:
            Rejected: `corrupt-archive`, or why the member is refused (`list_members`).
        """
        index, entry = self._found()
        try:
            raw: io.RawIOBase
            if index.directory is None or entry.info is None:
                raw = _Slice(opened_tar(self.archive.open(), index.points), entry.at, entry.member.size)
            else:
                raw = _Unpacked(index.directory.open(entry.info))
        except (NotImplementedError, RuntimeError, *DAMAGE):  # the first: a compression that zipfile lacks
            raise corrupt() from None
        return cast(BinaryIO, io.BufferedReader(raw, BUFFER))

    def local(self) -> AbstractContextManager[Path]:
        """A copy in the clear, as the store that made this place keeps them; gone when the block ends."""
        if self.copy is None:
            raise Fatal("a member of an archive needs the landing area to be read as a file", self.source)
        return self.copy(self)

    def beside(self) -> Iterator[MemberPlace]:
        """The members in the same folder of the archive."""
        folder = PurePosixPath(self.member).parent
        for found in list_members(self.archive, lenient=True):
            if not found.refused and PurePosixPath(found.name).parent == folder:
                yield MemberPlace(self.archive, found.name, self.source, self.copy)


def member_places(archive: Place, *, lenient: bool = False) -> Iterator[MemberPlace]:
    """The places of an archive's members; arguments and errors as of `list_members`."""
    for member in list_members(archive, lenient=lenient):
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
        """Going on is reading, also where the member is stored: so its checksum is judged at its end."""
        if whence != io.SEEK_END:
            ahead = offset - (self.tell() if whence == io.SEEK_SET else 0)
            while ahead > 0 and (passed := self._pass(min(ahead, BUFFER))):
                ahead -= passed
            if ahead >= 0:
                return self.tell()
        return self._guarded(lambda: self._stream.seek(offset, whence))

    def _pass(self, count: int) -> int:
        return len(self._guarded(lambda: self._stream.read(count)))

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
        except DAMAGE:
            raise corrupt() from None


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
        try:
            self._stream.seek(self._start + self._at)
            data = self._stream.read(wanted)
        except DAMAGE:
            raise corrupt() from None
        if not data:
            raise corrupt()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
