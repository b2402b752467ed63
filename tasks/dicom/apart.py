"""Make objects in a process apart, within limits of time and memory, so that no file takes a worker down.

The process lives on from file to file, since it loads models and libraries; it is begun anew after it was killed. What
goes through its pipes are our own pickles: ids and counts.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import struct
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from contracts.errors import NightroundsError, Rejected, Retriable
from tasks.dicom.objects import ObjectJob, make_object

TOO_LONG, TOO_MUCH, DIED, FAULT = "too-long", "too-much-memory", "process-died", "program-fault"
OF_LIMITS = (TOO_LONG, TOO_MUCH, DIED)
"""Reasons that other limits may lift."""
_HEAD = struct.Struct("<Q")
_START_SECONDS = 120.0


class Apart:
    """A process that makes objects, one at a time.

    Args:
        memory_bytes: what it may allocate; what needs more is held as `too-much-memory`.
    """

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None

    def make(self, job: ObjectJob, seconds: float) -> dict[str, Any]:
        """The object's row.

        Raises:
            Rejected: `too-long`, `too-much-memory`, `process-died` where a decoder crashed, or `program-fault`.
            Retriable, Fatal: as `make_object`.
        """
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(_framed(job))
            process.stdin.flush()
            answer = pickle.loads(self._read(process, time.monotonic() + seconds))
        except (BrokenPipeError, EOFError):
            self.close()
            raise Rejected(DIED, "decoding", "a file that decoders survive") from None
        except TimeoutError:
            self.close()
            raise Rejected(TOO_LONG, "looking for text", f"{seconds:.0f} seconds") from None
        if isinstance(answer, BaseException):
            raise answer
        return dict(answer)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # what it was to be told is of no interest any more
                        pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            command = [sys.executable, "-m", "tasks.dicom.apart", str(self.memory_bytes)]
            paths = os.pathsep.join(p for p in sys.path if p)
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what decoders print may quote values
                env={**os.environ, "PYTHONPATH": paths},
            )
            self._read(self._process, time.monotonic() + _START_SECONDS)  # it is ready
        return self._process

    def _read(self, process: subprocess.Popen[bytes], deadline: float) -> bytes:
        assert process.stdout is not None
        handle = process.stdout.fileno()
        (size,) = _HEAD.unpack(_take(handle, _HEAD.size, deadline))
        return _take(handle, size, deadline)


def _take(handle: int, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        ready, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        chunk = os.read(handle, size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def _framed(value: object) -> bytes:
    data = pickle.dumps(value)
    return _HEAD.pack(len(data)) + data


def _answer(job: ObjectJob) -> object:
    try:
        return make_object(job)
    except MemoryError:
        return Rejected(TOO_MUCH, "decoding", "a file that fits the memory limit")
    except NightroundsError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a foreign message may hold a patient's value: its class is told
        if isinstance(error, OSError) and error.errno is not None:  # the system's own
            return Retriable(f"a file is out of reach: {type(error).__name__}", "object", "try again")
        return Rejected(FAULT, type(error).__name__, "a file that the program gets through")


def serve(memory_bytes: int) -> None:
    """Answer jobs from standard input until it is closed."""
    soft = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = memory_bytes if soft == resource.RLIM_INFINITY else min(memory_bytes, soft)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, soft))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes nowhere
    answers.write(_framed("ready"))
    answers.flush()
    while head := sys.stdin.buffer.read(_HEAD.size):
        job = pickle.loads(sys.stdin.buffer.read(_HEAD.unpack(head)[0]))
        answers.write(_framed(_answer(job)))
        answers.flush()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
