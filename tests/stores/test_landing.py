from __future__ import annotations

import fcntl
import io
import os
import stat
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from contracts.errors import Fatal, Retriable
from contracts.keys import Key
from contracts.units import Stamp, Unit
from stores import sealing
from stores.home import Home
from stores.landing import Landing

UNIT = Unit("pacs/00ff", "pacs", "dicom")
MIB = sealing.CHUNK_BYTES


@dataclass
class Remote:
    """An object behind a connection that may break after some bytes; it counts what it hands out."""

    data: bytes
    breaks_after: int | None = None
    sent: int = 0
    name: str = "Quiverton.dcm"

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self) -> BinaryIO:
        remote = self

        class Stream(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if remote.breaks_after is not None and remote.sent >= remote.breaks_after:
                    raise ConnectionResetError("reset while reading Quiverton.dcm")
                piece = super().read(min(size or 0, 300_000))
                remote.sent += len(piece)
                return piece

        return Stream(self.data)

    def local(self) -> AbstractContextManager[Path]:
        raise NotImplementedError("landing reads streams")


@pytest.fixture
def landing(home: Home, key: Key) -> Landing:
    return Landing(home, key)


@pytest.mark.parametrize("size", [0, 5, MIB, 2 * MIB, 2 * MIB + 5])
def test_an_object_lands_sealed_and_reads_as_it_was(landing: Landing, home: Home, size: int) -> None:
    remote = Remote((b"Quiverton" * (size // 9 + 1))[:size])
    path = landing.land(UNIT, remote)
    assert b"Quiverton" not in path.read_bytes() and "Quiverton" not in str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    place = landing.landed(UNIT, "Quiverton.dcm")
    assert (place.size, place.name) == (size, "Quiverton.dcm")
    with place.open() as file:
        assert file.read() == remote.data
    with place.local() as local:
        assert local.read_bytes() == remote.data
    assert not local.exists()
    assert [p for p in home.landing.rglob("*") if p.is_file()] == [path]


@pytest.mark.parametrize("size", [4 * MIB, 4 * MIB + 5])
@pytest.mark.parametrize("breaks_after", [1, MIB + 5, 3 * MIB, 4 * MIB])
def test_a_broken_copy_goes_on_where_it_stopped(landing: Landing, size: int, breaks_after: int) -> None:
    data = os.urandom(size)
    with pytest.raises(Retriable) as caught:
        landing.land(UNIT, Remote(data, breaks_after))
    assert "Quiverton" not in str(caught.value)
    with pytest.raises(Fatal, match="not landed"):
        landing.landed(UNIT)
    again = Remote(data)
    landing.land(UNIT, again)
    with landing.landed(UNIT).open() as file:
        assert file.read() == data
    assert again.sent <= size - max(0, breaks_after // MIB - 2) * MIB
    if breaks_after >= 3 * MIB:
        assert again.sent < size


def test_a_torn_chunk_is_made_again(landing: Landing) -> None:
    data = os.urandom(3 * MIB + 5)
    path = landing.land(UNIT, Remote(data))
    partial = path.with_suffix(".part")
    path.rename(partial)
    os.truncate(partial, sealing.HEADER_BYTES + 2 * sealing.STORED_BYTES + 100)
    landing.land(UNIT, Remote(data))
    with landing.landed(UNIT).open() as file:
        assert file.read() == data


@pytest.mark.parametrize("size", [3 * MIB, 3 * MIB + 5])
def test_a_copy_that_was_whole_but_not_yet_moved_is_taken(landing: Landing, size: int) -> None:
    data = os.urandom(size)
    path = landing.land(UNIT, Remote(data))
    path.rename(path.with_suffix(".part"))
    again = Remote(data)
    assert landing.land(UNIT, again) == path
    assert again.sent <= MIB + 5
    with landing.landed(UNIT).open() as file:
        assert file.read() == data


def test_what_has_landed_is_not_fetched_again_and_a_new_state_replaces_it(
    landing: Landing, home: Home
) -> None:
    landing.land(UNIT, Remote(b"one"), Stamp(3, "monday", "etag1"))
    same = Remote(b"one")
    landing.land(UNIT, same, Stamp(3, "monday", "etag1"))
    assert same.sent == 0
    landing.land(UNIT, Remote(b"two"), Stamp(3, "tuesday", "etag2"))
    with landing.landed(UNIT).open() as file:
        assert file.read() == b"two"
    assert len([p for p in home.landing.rglob("*") if p.is_file()]) == 1


def test_an_object_that_changes_meanwhile_is_not_taken(landing: Landing, home: Home) -> None:
    with pytest.raises(Retriable, match="changed while"):
        landing.land(UNIT, Remote(b"longer now"), Stamp(3, "monday", "etag1"))
    assert [p for p in home.landing.rglob("*") if p.is_file()] == []


def test_two_processes_do_not_copy_the_same_object(landing: Landing, key: Key) -> None:
    path = landing.land(UNIT, Remote(b"one"))
    partial = path.with_suffix(".part")
    path.rename(partial)
    with partial.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Retriable, match="another process"):
            landing.land(UNIT, Remote(b"one"))
    landing.land(UNIT, Remote(b"one"))


def test_a_copy_cannot_stand_in_for_another_unit(landing: Landing) -> None:
    other = Unit("pacs/0001", "pacs", "dicom")
    one, two = landing.land(UNIT, Remote(b"one")), landing.land(other, Remote(b"two"))
    two.write_bytes(one.read_bytes())
    with pytest.raises(Fatal, match="changed, cut"):
        landing.landed(other)


def test_purge_removes_what_is_old(landing: Landing, home: Home) -> None:
    old, new = (
        landing.land(UNIT, Remote(b"one")),
        landing.land(Unit("pacs/0001", "pacs", "dicom"), Remote(b"two")),
    )
    os.utime(old, (time.time() - 10 * 86_400,) * 2)
    assert landing.purge(30) == 0 and landing.purge(7) == 1
    assert not old.exists() and new.exists()
    landing.forget(Unit("pacs/0001", "pacs", "dicom"))
    assert not new.exists()
