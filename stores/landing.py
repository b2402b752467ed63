"""The landing area: sealed copies of remote objects, resumable, with a time to live."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from contracts.errors import Fatal, Retriable
from contracts.keys import Key
from contracts.protocols import Fetchable, Place
from contracts.units import Stamp, Unit
from stores import sealing
from stores.files import FILE_MODE, file_name, make_folder, sync_folder, write_file
from stores.home import Home
from stores.places import naming_errors, sweep_copies, temporary_copy

PURPOSE = "landing"


@dataclass(frozen=True)
class LandedPlace:
    """A sealed copy in the landing area, read as if it were the object. Its name is patient data."""

    path: Path = field(repr=False)
    name: str = field(repr=False)
    size: int
    unit: str
    bound: str = field(repr=False)
    key: Key = field(repr=False)
    landing: Path = field(repr=False)

    def open(self) -> BinaryIO:
        """Open it for reading, unsealed chunk by chunk; seekable."""
        return sealing.open_sealed(self.key, PURPOSE, self.path, self.bound)

    def local(self) -> AbstractContextManager[Path]:
        """A copy in the clear, mode 0600, in the landing area; gone when the block ends."""
        return temporary_copy(self, self.landing, self.unit)


class Landing:
    """The landing area of a home."""

    def __init__(self, home: Home, key: Key) -> None:
        self._root = home.landing
        self._key = key

    def land(self, unit: Unit, place: Place, stamp: Stamp | None = None) -> Path:
        """Copy an object into a sealed file and return its path; what is there already is not fetched again.

        An interrupted copy of the same object (same unit and stamp) goes on after the last whole chunk. Earlier
        copies of the unit go when the new one is complete.

        Args:
            unit: whose bytes they are.
            place: where they come from; must be seekable for a copy to be resumed.
            stamp: what tells the object's state; without one only its size does.

        Raises:
            Retriable: the object is out of reach, or it changed while it was copied.
        """
        state = stamp or Stamp(place.size, "", "")
        target = self._target(unit, state)
        if target.exists():
            return target
        if isinstance(place, Fetchable):
            self._download(unit, place, target)
        else:
            self._fetch(unit, place, target, state.size)
        return target

    def pending(self, unit: Unit) -> int:
        """Bytes of a unit's copies that are not complete, sealed: more after a failure than before is progress."""
        return sum(path.stat().st_size for path in self._folder(unit).glob(f"{unit.token}.*.part"))

    def landed(self, unit: Unit, name: str = "") -> LandedPlace:
        """The place of a landed unit; `name` is the object's own name where the reader goes by it.

        Raises:
            Fatal: the unit has not landed, or what landed was changed.
        """
        found = sorted(
            self._folder(unit).glob(f"{unit.token}.*.sealed"), key=lambda path: path.stat().st_mtime
        )
        if not found:
            raise Fatal("this unit has not landed", unit.token, "acquire it first")
        bound = self._bound(unit, found[-1])
        with sealing.SealedReader(self._key, PURPOSE, found[-1], bound) as reader:
            size = reader.size
        return LandedPlace(found[-1], name or unit.token, size, unit.unit, bound, self._key, self._root)

    def forget(self, unit: Unit) -> None:
        """Remove all copies of a unit."""
        for path in self._folder(unit).glob(f"{unit.token}.*"):
            path.unlink(missing_ok=True)

    def has(self, unit: Unit) -> bool:
        """Whether a whole copy of a unit is there."""
        return any(self._folder(unit).glob(f"{unit.token}.*.sealed"))

    def purge(self, older_than_days: float, by_source: Mapping[str, float] | None = None) -> int:
        """Remove copies older than this, and clear copies that killed processes left; returns how many.

        Args:
            older_than_days: for sources that `by_source` does not name.
            by_source: by source, how long its copies are kept.
        """
        removed, now, days = sweep_copies(self._root), time.time(), by_source or {}
        for path in sorted(self._root.glob("*/*")):
            if path.stat().st_mtime < now - days.get(path.parent.name, older_than_days) * 86_400:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _folder(self, unit: Unit) -> Path:
        return make_folder(self._root / file_name(unit.source, "source"))

    def _target(self, unit: Unit, stamp: Stamp) -> Path:
        state = self._key.digest("landing", unit.unit, str(stamp.size), stamp.modified, stamp.identity)[:12]
        return self._folder(unit) / f"{file_name(unit.token, 'token')}.{state}.sealed"

    def _bound(self, unit: Unit, target: Path) -> str:
        return f"{unit.unit}/{target.name.split('.')[-2]}"

    def _fetch(self, unit: Unit, place: Place, target: Path, size: int) -> None:
        """Seal what is missing of the object, then move it to `target` and remove other copies of the unit."""
        partial = target.with_suffix(".part")
        with _exclusive(partial, unit) as file, place.open() as source, naming_errors(unit.source):
            sealer, number = self._resume(file, self._bound(unit, target))
            if number:
                source.seek(number * sealing.CHUNK_BYTES)
            if _seal_rest(sealer, number, source, file) != size:
                partial.unlink(missing_ok=True)
                raise Retriable("an object changed while it was copied", unit.token, "list its source again")
            partial.replace(target)
        _keep_only(target, unit)

    def _download(self, unit: Unit, place: Fetchable, target: Path) -> None:
        """As `_fetch`, of an object that is known by a mark, and whose size shows at its end."""
        partial, bound = target.with_suffix(".part"), self._bound(unit, target)
        marked = target.with_suffix(".mark")
        with _exclusive(partial, unit) as file, naming_errors(unit.source):
            sealer, number = self._resume(file, bound)
            mark = self._mark_of(marked, bound)
            with place.fetch(number * sealing.CHUNK_BYTES, mark) as fetched:
                if fetched.start != number * sealing.CHUNK_BYTES:
                    sealer, number = self._begin(file, bound)
                if fetched.mark != mark:
                    write_file(marked, sealing.seal(self._key, PURPOSE, fetched.mark.encode(), bound))
                _seal_rest(sealer, number, fetched.stream, file)
            try:
                place.accept(lambda: sealing.open_sealed(self._key, PURPOSE, partial, bound))
            except Retriable:
                marked.unlink(missing_ok=True)
                partial.unlink(missing_ok=True)
                raise
            partial.replace(target)
        _keep_only(target, unit)

    def _mark_of(self, marked: Path, bound: str) -> str:
        """The mark under which a copy was begun, empty where it has none."""
        if not marked.exists():
            return ""
        return sealing.unseal(self._key, PURPOSE, marked.read_bytes(), bound).decode()

    def _begin(self, file: BinaryIO, bound: str) -> tuple[sealing.Sealer, int]:
        """Empty `file` and begin it anew."""
        sealer = sealing.Sealer(self._key, PURPOSE, bound)
        file.seek(0)
        file.truncate()
        file.write(sealer.header)
        return sealer, 0

    def _resume(self, file: BinaryIO, bound: str) -> tuple[sealing.Sealer, int]:
        """Position `file` after its last whole chunk and return its sealer and the number of the next chunk.

        One that was sealed as the object's last is made again: more may follow it.
        """
        stored = file.seek(0, os.SEEK_END)
        whole = max(0, stored - sealing.HEADER_BYTES) // sealing.STORED_BYTES
        file.seek(0)
        header = file.read(sealing.HEADER_BYTES)
        if whole < 1 or not header.startswith(sealing.MAGIC):
            return self._begin(file, bound)
        sealer = sealing.Sealer(self._key, PURPOSE, bound, header[len(sealing.MAGIC) :])
        if not _is_sealed(sealer, whole - 1, file):
            whole -= 1
            if whole < 1:
                return self._begin(file, bound)
            if not _is_sealed(sealer, whole - 1, file):
                fix = "remove the partial copies in the landing area, or check that the key is this home's"
                raise Fatal("a partial copy was changed, or sealed with another key", PURPOSE, fix)
        file.seek(sealing.HEADER_BYTES + whole * sealing.STORED_BYTES)
        file.truncate()
        return sealer, whole


def _is_sealed(sealer: sealing.Sealer, number: int, file: BinaryIO) -> bool:
    """Whether chunk `number` of a partial copy is what was sealed there, and not as the object's last."""
    file.seek(sealing.HEADER_BYTES + number * sealing.STORED_BYTES)
    try:
        sealer.unseal(number, False, file.read(sealing.STORED_BYTES))
    except Fatal:
        return False
    return True


def _keep_only(target: Path, unit: Unit) -> None:
    """Make a complete copy survive a loss of power, and remove all others of its unit."""
    sync_folder(target.parent)
    for other in target.parent.glob(f"{unit.token}.*"):
        if other != target:
            other.unlink(missing_ok=True)


def _seal_rest(sealer: sealing.Sealer, number: int, source: BinaryIO, file: BinaryIO) -> int:
    """Seal `source` from chunk `number` to its end into `file`; returns the size of the whole in bytes."""
    size = number * sealing.CHUNK_BYTES
    piece = sealing.read_full(source)
    while True:
        following = sealing.read_full(source) if len(piece) == sealing.CHUNK_BYTES else b""
        size += len(piece)
        file.write(sealer.seal(number, not following, piece))
        if not following:
            break
        piece, number = following, number + 1
    file.flush()
    os.fsync(file.fileno())
    return size


@contextmanager
def _exclusive(path: Path, unit: Unit) -> Iterator[BinaryIO]:
    """Open a partial copy that no other process is writing, or raise `Retriable`."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
    with os.fdopen(handle, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = path.exists() and os.path.samestat(path.stat(), os.fstat(handle))
        except BlockingIOError:
            mine = False
        if not mine:
            raise Retriable("another process is copying this object", unit.token, "try again")
        yield cast(BinaryIO, file)
