"""Associations with one DICOM node (PS3.8, 7): as many at a time as are allowed, kept open for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock, Thread
from typing import TYPE_CHECKING

from connectors.fhir_bulk.http import pause
from connectors.pacs.gate import settle
from contracts.errors import Fatal, Unreachable

if TYPE_CHECKING:
    from pynetdicom.association import Association

IDLE_SECONDS = 5.0
"""An association that is not used for so long is released, and the listener with the last of them."""
_ATTEMPTS = 5
_TRANSIENT = 2
"""Result of a rejection (PS3.8, 9.3.4): rejected-transient."""
_WHY = {
    (1, 2): "it does not know this application context",
    (1, 3): "it does not know our title (calling_aet)",
    (1, 7): "it does not go by this title (called_aet)",
}


@dataclass
class Associations:
    """A pool. Threads may share it.

    Attributes:
        name: the source's, for messages.
        most: associations at a time.
        open_one: negotiates one; whatever comes of it.
        at_rest: called when the last one was released.
    """

    name: str
    most: int
    retry_seconds: float
    open_one: Callable[[], Association] = field(repr=False)
    at_rest: Callable[[], None] = field(repr=False)
    sleep: Callable[[float], None] = time.sleep
    _idle: list[tuple[float, Association]] = field(default_factory=list, init=False, repr=False)
    _used: int = field(default=0, init=False)
    _reaper: Thread | None = field(default=None, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._slots = BoundedSemaphore(self.most)

    @contextmanager
    def taken(self) -> Iterator[Association]:
        """An association for this thread alone, ready for one question; aborted where the block fails.

        Raises:
            Fatal: the PACS rejects us. Unreachable: it does not answer.
        """
        with self._slots:
            with self._lock:
                self._used += 1
            association: Association | None = None
            try:
                association = self._reuse() or self._establish()
                yield association
            except BaseException:
                if association is not None and association.is_established:
                    association.abort()
                raise
            finally:
                self._give_back(association)

    def _reuse(self) -> Association | None:
        with self._lock:
            while self._idle:
                _, association = self._idle.pop()
                if settle(association):
                    return association
        return None

    def _establish(self) -> Association:
        what = ""
        for attempt in range(_ATTEMPTS):
            association = self.open_one()
            if association.is_established and settle(association):
                return association
            if association.is_rejected:
                answer = association.acceptor.primitive
                result, why = getattr(answer, "result", 1), getattr(answer, "diagnostic", 0)
                source = getattr(answer, "result_source", 0)
                if result != _TRANSIENT:
                    told = _WHY.get((source, why), "it gives no reason")
                    raise Fatal(f"the PACS rejects the association: {told}", f"source {self.name}", _FIX)
                what = "the PACS has no association free"
            else:
                what = "the PACS does not answer"
            if attempt < _ATTEMPTS - 1:
                self.sleep(pause(attempt, self.retry_seconds))
        raise Unreachable(what, f"source {self.name}", "the next round goes on where this one ended")

    def _give_back(self, association: Association | None) -> None:
        with self._lock:
            self._used -= 1
            if association is not None and association.is_established:
                self._idle.append((time.monotonic(), association))
            if self._reaper is None:
                self._reaper = Thread(target=self._reap, name=f"pacs {self.name}", daemon=True)
                self._reaper.start()

    def _reap(self) -> None:
        """Release what is idle; end, and say so, when nothing is left."""
        while True:
            time.sleep(IDLE_SECONDS / 5)
            with self._lock:
                before = time.monotonic() - IDLE_SECONDS
                over = [one for since, one in self._idle if since < before]
                self._idle = [(since, one) for since, one in self._idle if since >= before]
                rests = not self._idle and not self._used
                if rests:
                    self._reaper = None
                    self.at_rest()
            for association in over:
                if settle(association):
                    association.release()
            if rests:
                return

    def close(self) -> None:
        """Release what is idle now."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, association in idle:
            if settle(association):
                association.release()


_FIX = "called_aet and calling_aet as the PACS has them; it must know calling_aet with this machine's address"
