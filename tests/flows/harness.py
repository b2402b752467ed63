"""One Prefect server for all tests that make real rounds, whichever folder they stand in."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 180


@dataclass(frozen=True)
class Server:
    """A running Prefect server.

    Attributes:
        url: of its API.
        database: its SQLite file.
    """

    url: str
    database: Path

    def copy_database(self, target: Path) -> None:
        """Copy the database, with all logs sent, to be searched."""
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all(timeout=60)
        origin, copy = sqlite3.connect(self.database), sqlite3.connect(target)
        with origin, copy:
            origin.backup(copy)
        origin.close()
        copy.close()


@dataclass
class _Shared:
    users: int = 0
    stack: ExitStack = field(default_factory=ExitStack)
    server: Server | None = None


_SHARED = _Shared()


@contextmanager
def prefect_server() -> Iterator[Server]:
    """The one server of this process, started by its first user and stopped by its last."""
    if _SHARED.server is None:
        _SHARED.server = _start(_SHARED.stack)
    _SHARED.users += 1
    try:
        yield _SHARED.server
    finally:
        _SHARED.users -= 1
        if not _SHARED.users:
            _SHARED.server = None
            _SHARED.stack.close()


def _start(stack: ExitStack) -> Server:
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO")
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    stack.enter_context(prefect_test_harness(server_startup_timeout=START_SECONDS))
    _, _, path = str(PREFECT_API_DATABASE_CONNECTION_URL.value()).partition(":///")
    return Server(str(PREFECT_API_URL.value()), Path(path))
