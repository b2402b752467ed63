"""What a zip or tar archive holds, which of it is refused, and what it takes to enter it at a member."""

from __future__ import annotations

import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter, OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from contracts.errors import Rejected
from contracts.inflating import Inflated, Points

if TYPE_CHECKING:
    from contracts.protocols import Place

MEMBER_LIMIT = 1_000_000
RATIO_LIMIT = 250
RATIO_BYTES = 64 << 20
"""A member above this size may not unfold to more than `RATIO_LIMIT` times its packed size; tables reach some 50."""
TOTAL_BYTES = 1 << 30
"""Likewise an archive as a whole."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, struct.error)
_ENCRYPTED = 0x1
_BLOCK, BUFFER = 512, 1 << 18
_HEAD_BYTES = 1 << 20
_MOST_INDEXES = 16
_LEGAL = {
    "unsafe-archive": "members named once, below the archive's own root",
    "encrypted-archive": "an archive without a password",
    "unsupported-archive": "members stored, or packed by deflate, bzip2 or LZMA",
    "archive-bomb": f"members packed at most {RATIO_LIMIT} to 1",
    "archive-link": "the files themselves",
}


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name there (patient data), its size unpacked and its checksum or place.

    `refused` is the reason code under which it is not read, empty for most.
    """

    name: str = field(repr=False)
    size: int
    mark: str
    refused: str = ""


def refuse(reason: str) -> None:
    """Raise `Rejected` for a reason, with what would be legal; do nothing for none."""
    if reason:
        raise Rejected(reason, "archive", _LEGAL[reason])


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


def corrupt() -> Rejected:
    """The archive is damaged or cut off."""
    return Rejected("corrupt-archive", "archive", "a whole archive; export it again")


def _is_tar(archive: Place) -> bool:
    return not archive.name.lower().endswith(".zip")


def is_packed(archive: Place) -> bool:
    """Whether an archive is packed as a whole."""
    return archive.name.lower().endswith("gz")


@dataclass(frozen=True)
class Entry:
    """A member, and where it is: its place in a tar, its entry of a zip's directory."""

    member: Member
    at: int = 0
    info: zipfile.ZipInfo | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Index:
    """What an archive holds, and what it takes to enter it."""

    entries: dict[str, Entry] = field(repr=False)
    directory: zipfile.ZipFile | None = field(default=None, repr=False)
    points: Points | None = field(default=None, repr=False)


_indexes: OrderedDict[Hashable, Index] = OrderedDict()
"""Of the archives read last: members are opened one by one."""


def index_of(archive: Place) -> Index:
    """What an archive holds, remembered for the archives used last.

    Raises:
        Rejected: `archive-bomb`, `corrupt-archive`. Any of `DAMAGE`: it is damaged.
    """
    state = _state_of(archive)
    found = _indexes.pop(state, None)
    if found is None:
        found = _tar_index(archive) if _is_tar(archive) else _zip_index(archive)
    if state is not None:
        _indexes[state] = found  # now the youngest
        while len(_indexes) > _MOST_INDEXES:
            _indexes.popitem(last=False)
    return found


def _state_of(archive: Place) -> Hashable | None:
    """Tells one state of an archive from another, in this process; None where it is not worth it.

    A remote zip or tar is entered by its directory or its heads; a packed tar costs all of it.
    """
    path = getattr(archive, "path", None)
    if isinstance(path, Path):
        found = path.stat()
        return path, found.st_size, found.st_mtime_ns, os.getpid()
    system = getattr(archive, "system", None)
    if system is None or not is_packed(archive):
        return None
    where = getattr(archive, "location", path)
    return str(where), str(system.ukey(where)), os.getpid()


def _zip_index(archive: Place) -> Index:
    path = getattr(archive, "path", None)
    _refuse_large_directory(archive)
    opened = zipfile.ZipFile(path if isinstance(path, Path) else archive.open())
    infos = [info for info in opened.infolist() if not info.is_dir()]
    _refuse_bombs(infos, archive.size)
    entries = [
        Entry(Member(info.filename, info.file_size, f"{info.CRC:08x}", _why_not(info)), info=info)
        for info in infos
    ]
    return Index(_by_name(entries), directory=opened)


def _refuse_large_directory(archive: Place) -> None:
    """zipfile holds a directory as a whole, some ten times as large as it lies there."""
    size = archive.size
    with archive.open() as raw:
        raw.seek(max(0, size - (1 << 16) - 128))
        tail = raw.read()
    at = tail.rfind(b"PK\5\6")
    declared = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if declared == 0xFFFFFFFF:
        at = tail.rfind(b"PK\6\6")
        declared = int.from_bytes(tail[at + 40 : at + 48], "little") if at >= 0 else 0
    if declared > 256 * MEMBER_LIMIT:
        raise Rejected("archive-bomb", "archive", f"at most {MEMBER_LIMIT:,} members")


def _why_not(info: zipfile.ZipInfo) -> str:
    """Why a member of a zip is not read; empty where it is."""
    if not _is_safe(info.filename):
        return "unsafe-archive"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted-archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "archive-link"
    if info.compress_type not in _METHODS:
        return "unsupported-archive"
    if info.file_size > max(RATIO_BYTES, RATIO_LIMIT * info.compress_size):
        return "archive-bomb"
    return ""


def _refuse_bombs(infos: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Members that overlap (https://www.usenix.org/system/files/woot19-paper_fifield_0.pdf) or unfold too far."""
    if len(infos) > MEMBER_LIMIT:
        raise Rejected("archive-bomb", "archive", f"at most {MEMBER_LIMIT:,} members")
    if sum(info.file_size for info in infos) > max(TOTAL_BYTES, RATIO_LIMIT * size):
        raise Rejected("archive-bomb", "archive", _LEGAL["archive-bomb"])
    ends = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < ends:
            raise Rejected("archive-bomb", "archive", "members that do not overlap")
        ends = info.header_offset + 30 + info.compress_size


def _by_name(entries: list[Entry]) -> dict[str, Entry]:
    """Entries by their names; which one is meant by a name that stands twice nobody knows: none is read."""
    counts = Counter(entry.member.name for entry in entries)
    found, twice = dict[str, Entry](), Counter[str]()
    for entry in entries:
        name = entry.member.name
        if counts[name] > 1:
            twice[name] += 1
            name = f"{name}\0{twice[name]}"  # no member's own name: none holds a NUL
            entry = replace(entry, member=replace(entry.member, name=name, refused="unsafe-archive"))
        found[name] = entry
    return found


def _tar_index(archive: Place) -> Index:
    points = Points() if is_packed(archive) else None
    with archive.open() as raw:
        return Index(_by_name(_read_heads(opened_tar(raw, points), archive.size, points)), points=points)


def opened_tar(raw: BinaryIO, points: Points | None) -> BinaryIO:
    """A tar's own bytes, inflated where they are packed."""
    if points is None:
        return raw
    return cast(BinaryIO, io.BufferedReader(Inflated(raw, points, _judge_ratio), BUFFER))


def _judge_ratio(unfolded: int, packed: int) -> None:
    if unfolded > max(TOTAL_BYTES, RATIO_LIMIT * packed):
        raise Rejected("archive-bomb", "archive", _LEGAL["archive-bomb"])


def _read_heads(raw: BinaryIO, size: int, points: Points | None) -> list[Entry]:
    found: list[Entry] = []
    with tarfile.open(fileobj=cast(BinaryIO, _Heads(raw)), mode="r:") as tar:
        while (info := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]  # tarfile would hold them all
            if info.isdir():
                continue
            if points is None and info.isreg() and info.offset_data + info.size > size:
                raise corrupt()
            found.append(
                Entry(Member(info.name, info.size, str(info.offset_data), _why_no(info)), info.offset_data)
            )
            if len(found) > MEMBER_LIMIT:
                raise Rejected("archive-bomb", "archive", f"at most {MEMBER_LIMIT:,} members")
        raw.seek(tar.offset)
        if raw.read(_BLOCK).strip(b"\0") or raw.tell() == tar.offset:
            raise corrupt()  # tarfile takes a head that is none, and a file that is cut off, for the end
    while points is not None and raw.read(BUFFER):
        pass  # the checksum of the whole is at its end
    return found


def _why_no(info: tarfile.TarInfo) -> str:
    """Why a member of a tar is not read; empty where it is."""
    if not _is_safe(info.name):
        return "unsafe-archive"
    if not info.isreg():
        return "archive-link"
    return "unsupported-archive" if info.issparse() else ""


class _Heads:
    """What tarfile reads a tar through: heads alone, which are small. It would read a long name of any length."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.seek, self.tell = raw.seek, raw.tell

    def read(self, size: int) -> bytes:
        if size > _HEAD_BYTES:
            raise Rejected("archive-bomb", "archive", f"heads of members of at most {_HEAD_BYTES} bytes")
        return self._raw.read(size)
