"""The lease: one round at a time in a home. The kernel gives it back when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from contracts.errors import Fatal, Retriable
from stores.files import FILE_MODE, make_folder
from stores.home import Home

_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Holder:
    """Who holds a lease: process id, host, since when (ISO date-time in UTC) and for what."""

    pid: int
    host: str
    since: str
    purpose: str = ""


class Lease:
    """The home-wide lease, for a `with` block. Not re-entrant.

    Args:
        home: the home.
        purpose: shown to who is kept waiting ("round"); nothing of a patient.
        wait_seconds: how long to wait for another holder; 0 does not wait.
    """

    def __init__(self, home: Home, purpose: str = "round", wait_seconds: float = 0) -> None:
        self._path = home.path / "lease"
        self._purpose = purpose
        self._wait_seconds = wait_seconds
        self._handle: int | None = None

    def __enter__(self) -> Self:
        if self._handle is not None:
            raise Fatal("this lease is held already", "lease", "use a `with` block for each")
        make_folder(self._path.parent)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            self._lock(handle)
            since = datetime.now(UTC).isoformat(timespec="seconds")
            holder = Holder(os.getpid(), socket.gethostname(), since, self._purpose)
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(asdict(holder)).encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def _lock(self, handle: int) -> None:
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise _held(_read(self._path)) from None
            time.sleep(_PAUSE_SECONDS)


def holder_of(home: Home) -> Holder | None:
    """Who holds the lease of a home now, or None."""
    path = home.path / "lease"
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path) or Holder(0, "", "")
    finally:
        os.close(handle)
    return None


def _read(path: Path) -> Holder | None:
    """What the holder wrote of itself; None in the instant before it has."""
    try:
        return Holder(**json.loads(path.read_text()))
    except ValueError:
        return None


def _held(holder: Holder | None) -> Retriable:
    if holder is None:
        return Retriable("another process holds this home", "lease", "try again when it has ended")
    who = f"process {holder.pid} on {holder.host} since {holder.since}"
    return Retriable(f"a {holder.purpose} holds this home: {who}", "lease", "try again when it has ended")
