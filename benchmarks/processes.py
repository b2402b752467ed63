"""What a process and its descendants use: CPU seconds and resident memory, as the kernel counts them (/proc)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(root: int | None = None) -> float:
    """User and system time of a process (this one by default), its living descendants, and those they waited for."""
    return sum(_cpu(pid) for pid in _family(root or os.getpid()))


def resident_bytes(pid: int) -> int:
    """The memory of one process that is in RAM now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def family_bytes(root: int) -> int:
    """The memory of a process and all its descendants that is in RAM now; pages they share count for each."""
    total = 0
    for pid in _family(root):
        try:
            total += resident_bytes(pid)
        except (FileNotFoundError, ProcessLookupError):  # it ended between listing and looking
            continue
    return total


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third on (proc(5)); None when the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _cpu(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICK if fields else 0.0


def _family(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


class RoundWatch:
    """CPU seconds of a round's stages, children included."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """The block is the stage `name`."""
        begun = cpu_seconds()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + cpu_seconds() - begun


class Sampler:
    """Notes the peak of a process family's memory for each stage, twenty times a second."""

    def __init__(self, every: float = 0.05) -> None:
        self.peaks: dict[str, int] = {}
        self._stage = "between stages"
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def running(self) -> Iterator[Sampler]:
        """Sample within the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What is sampled within the block counts for this stage."""
        before, self._stage = self._stage, name
        try:
            yield
        finally:
            self._note()
            self._stage = before

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._note()

    def _note(self) -> None:
        stage = self._stage
        self.peaks[stage] = max(self.peaks.get(stage, 0), family_bytes(os.getpid()))
