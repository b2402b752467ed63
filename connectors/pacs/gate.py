"""Keeps an association's reader from taking an answer that a question waits for.

pynetdicom (3.0) pauses its reader while a question is asked, but takes a reader that was just let go for one that is
paused still: under load it then swallows the next answer, and the question ends by time-out. The gate knows better.
"""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pynetdicom.association import Association

_PATIENCE_SECONDS = 30.0


class Gate:
    """Stands in for the event at which an association's reader pauses; knows whether it stands there."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._open = True
        self._stands = False

    def set(self) -> None:
        """Let the reader go on."""
        with self._condition:
            self._open = True
            self._condition.notify_all()

    def clear(self) -> None:
        """Have the reader stop when it comes by."""
        with self._condition:
            self._open = False

    def is_set(self) -> bool:
        """Whether the reader may pass."""
        with self._condition:
            return self._open

    def wait(self, timeout: float | None = None) -> bool:
        """The reader's: stand here until the gate is open."""
        with self._condition:
            while not self._open:
                self._stands = True
                self._condition.notify_all()
                if not self._condition.wait(timeout) and timeout is not None:
                    break
            self._stands = False
            return self._open

    def stop(self, seconds: float) -> bool:
        """Close the gate and wait until the reader stands at it."""
        with self._condition:
            self._open = False
            return self._condition.wait_for(lambda: self._stands, seconds)


def settle(association: Association) -> bool:
    """Make an association ready for one question; False where it has ended. To be called before each."""
    gate: object = association._reactor_checkpoint
    if not isinstance(gate, Gate):
        gate = association._reactor_checkpoint = Gate()  # type: ignore[assignment]
    if association.is_established and gate.stop(_PATIENCE_SECONDS):
        return bool(association.is_established)
    gate.set()
    return False
