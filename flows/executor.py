"""Where units are worked on: in this process, on a local Dask cluster, or on the cluster at an address.

The mapped function's exceptions never travel: Dask and Prefect would keep their text. A failure comes back as the
unit's token and the class of the error.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from contracts.errors import NightroundsError, Retriable
from flows.settings import DaskSettings

if TYPE_CHECKING:
    from distributed import Client

In = TypeVar("In")
Out = TypeVar("Out")
_ATTEMPTS = 3


@dataclass(frozen=True)
class Failure:
    """A unit that could not be worked on: which error class, and its message when it is one of ours."""

    error: str
    message: str = ""


def reason_of(error: BaseException) -> str:
    """What the operating system says of an error, "" of any other: its own words, never a path or a value."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else ""


@dataclass(frozen=True)
class Done(Generic[In, Out]):
    """One item's outcome: a result, or a failure."""

    item: In
    result: Out | None
    failure: Failure | None = None


def guarded(function: Callable[[Any], Any], item: Any) -> tuple[Any, Failure | None]:
    """Call the function, trying again what is worth it; turn an exception into a `Failure` without foreign text."""
    for attempt in range(_ATTEMPTS):
        try:
            return function(item), None
        except Retriable as error:
            if attempt == _ATTEMPTS - 1:
                return None, Failure(type(error).__name__, str(error))
        except NightroundsError as error:
            return None, Failure(type(error).__name__, str(error))
        except Exception as error:  # noqa: BLE001 - a foreign message may hold a patient's value: its class is told
            return None, Failure(type(error).__name__, reason_of(error))
    raise AssertionError("unreachable")


class Executor:
    """Maps a pure function over items. Starts its cluster when first needed, and only then."""

    def __init__(self, settings: DaskSettings, scratch: str) -> None:
        self._settings = settings
        self._scratch = scratch
        self._client: Client | None = None

    def map(self, function: Callable[[In], Out], items: Sequence[In]) -> Iterator[Done[In, Out]]:
        """Outcomes as they come, in no order."""
        if self._settings.mode == "sync" or not items:
            for item in items:
                result, failure = guarded(function, item)
                yield Done(item, result, failure)
            return
        yield from self._map_on_cluster(function, items)

    def _map_on_cluster(self, function: Callable[[In], Out], items: Sequence[In]) -> Iterator[Done[In, Out]]:
        from distributed import as_completed

        client = self._connect()
        futures = client.map(guarded, [function] * len(items), list(items), pure=False, key="unit")
        waiting = dict(zip([f.key for f in futures], items, strict=True))
        for future in as_completed(futures, loop=client.loop):
            item = waiting[future.key]
            if future.status == "finished":
                result, failure = future.result()
                yield Done(item, result, failure)
            else:  # the worker died under it, again and again
                yield Done(item, None, Failure("WorkerLost", "the worker died while it worked on this unit"))
            future.release()

    def _connect(self) -> Client:
        if self._client is None:
            import dask
            from distributed import Client, LocalCluster

            logging.getLogger("distributed").setLevel(logging.ERROR)
            dask.config.set(_QUIET)
            if self._settings.mode == "address":
                self._client = Client(self._settings.address, set_as_default=False)
            else:
                cluster = LocalCluster(
                    n_workers=self._settings.workers,
                    threads_per_worker=1,
                    memory_limit=self._settings.memory_limit,
                    dashboard_address=None,
                    local_directory=self._scratch,
                    silence_logs=logging.ERROR,
                )
                self._client = Client(cluster, set_as_default=False)
        return self._client

    def close(self) -> None:
        """Stop the cluster that this executor started, or leave the one at an address."""
        if self._client is not None:
            cluster = self._client.cluster if self._settings.mode == "local" else None
            self._client.close()
            if cluster is not None:
                cluster.close()
            self._client = None


_QUIET = {
    # nothing of a worker's memory may reach the disk unencrypted
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": 0.9,
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.scheduler.allowed-failures": 2,
    "distributed.admin.low-level-log-length": 0,
    "distributed.scheduler.http.routes": [],  # no page of Dask's: the Prefect UI shows the round
    "distributed.worker.http.routes": [],
}


@contextmanager
def open_executor(settings: DaskSettings, scratch: str) -> Iterator[Executor]:
    """An executor that is closed at the end, whatever happens."""
    executor = Executor(settings, scratch)
    try:
        yield executor
    finally:
        executor.close()
