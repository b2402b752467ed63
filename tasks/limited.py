"""Process a unit within limits of time and memory: what breaks them is quarantined, with the reason."""

from __future__ import annotations

import atexit
import os
from dataclasses import dataclass

from contracts.errors import Rejected
from contracts.units import Unit
from tasks.apart import DIED, TOO_LONG, TOO_MUCH, Apart, Fault
from tasks.dicom.policy import Limits
from tasks.processing import Processed, process_unit, reject_unit
from tasks.workroom import Job

_LIMITS = (TOO_LONG, TOO_MUCH, DIED)
_processes: dict[tuple[int, int], Apart] = {}


@dataclass(frozen=True)
class LimitedJob:
    """One unit's work order, and what it may take."""

    job: Job
    limits: Limits

    @property
    def unit(self) -> Unit:
        """The unit."""
        return self.job.unit


def process_limited(order: LimitedJob) -> Processed:
    """As `process_unit`, in a process apart: a unit that takes too long or too much, or has the process die, is one
    quarantined record.

    Raises:
        As `process_unit`. RuntimeError: what is none of our errors, by its class.
    """
    try:
        found = _apart(order.limits.memory_bytes).call(order.job, order.limits.seconds)
    except Rejected as rejected:
        if rejected.reason not in _LIMITS:
            raise
        return reject_unit(order.job, rejected)
    except Fault as fault:
        raise RuntimeError(str(fault)) from None
    assert isinstance(found, Processed)
    return found


def end_limited() -> None:
    """End the processes apart of this one."""
    while _processes:
        _processes.popitem()[1].close()


def _apart(memory_bytes: int) -> Apart:
    mark = os.getpid(), memory_bytes
    if mark not in _processes:
        if not _processes:
            atexit.register(end_limited)
        _processes[mark] = Apart(f"{process_unit.__module__}:{process_unit.__name__}", memory_bytes)
    return _processes[mark]
