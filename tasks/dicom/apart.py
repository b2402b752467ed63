"""Make objects in a process apart, within limits of time and memory, so that no file takes a worker down.

Decoders are C, and text is looked for by a model: neither can be stopped from within. The process lives on from file to
file, since it loads models and libraries.
"""

from __future__ import annotations

from typing import Any

from contracts.errors import Rejected, Retriable
from tasks import apart
from tasks.apart import DIED, TOO_LONG, TOO_MUCH, Fault
from tasks.dicom.objects import ObjectJob, make_object

FAULT = "program-fault"
OF_LIMITS = (TOO_LONG, TOO_MUCH, DIED)
"""Reasons that other limits may lift."""


class Apart:
    """A process that makes objects, one at a time.

    Args:
        memory_bytes: what an object may take beyond what the process holds at its start; what needs more is held as
            `too-much-memory`.
    """

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self._process = apart.Apart(f"{__name__}:{make_row.__name__}", memory_bytes)

    def make(self, job: ObjectJob, seconds: float) -> dict[str, Any]:
        """The object's row.

        Raises:
            Rejected: `too-long`, `too-much-memory`, `process-died` where a decoder crashed, or `program-fault`.
            Retriable, Fatal: as `make_object`.
        """
        try:
            return dict(self._process.call(job, seconds))
        except Fault as fault:
            raise Rejected(FAULT, str(fault), "a file that the program gets through") from None

    def close(self) -> None:
        """End the process."""
        self._process.close()


def make_row(job: ObjectJob) -> dict[str, Any]:
    """`make_object`, where what the system says of a file is no fault of the program.

    Raises:
        As `make_object`.
    """
    try:
        return make_object(job)
    except OSError as error:
        if error.errno is None:
            raise
        raise Retriable(f"a file is out of reach: {type(error).__name__}", "object", "try again") from None
