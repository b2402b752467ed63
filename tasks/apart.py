"""Work in a process apart, within limits of time and memory, so that no file takes a worker down.

The process lives on from call to call, since it loads libraries; it is begun anew after it was ended. What goes through
its pipes are our own pickles: ids, digests and counts.
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
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from contracts.errors import NightroundsError, Rejected

TOO_LONG, TOO_MUCH, DIED = "too-long", "too-much-memory", "process-died"
_HEAD = struct.Struct("<Q")
_START_SECONDS = 120.0


class Fault(Exception):
    """What the work raised that is none of our errors: its class alone."""


class Apart:
    """A process that calls one function, one call at a time.

    Args:
        target: `module:function`, of one argument; both it and what comes back are pickled.
        memory_bytes: what a call may allocate beyond what the process holds when it is ready.
    """

    def __init__(self, target: str, memory_bytes: int) -> None:
        self.target, self.memory_bytes = target, memory_bytes
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, argument: object, seconds: float) -> Any:
        """What the function returns.

        Raises:
            Rejected: `too-long`, `too-much-memory`, `process-died`; or as the function. Any other error of ours that it
            raised. Fault: anything else.
        """
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(_framed(argument))
            process.stdin.flush()
            answer = pickle.loads(_answer_of(process, time.monotonic() + seconds))
        except (BrokenPipeError, EOFError):
            self.close()
            raise Rejected(DIED, "process apart", "a file that libraries survive") from None
        except TimeoutError:
            self.close()
            raise Rejected(TOO_LONG, "process apart", f"at most {seconds:.0f} seconds") from None
        if isinstance(answer, BaseException):
            if isinstance(answer, Rejected) and answer.reason == TOO_MUCH:
                self.close()  # what it had taken it may hold still
            raise answer
        return answer

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
            command = [sys.executable, "-m", "tasks.apart", self.target, str(self.memory_bytes)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what libraries print may quote values
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            )
            _answer_of(self._process, time.monotonic() + _START_SECONDS)  # it is ready
        return self._process


def _answer_of(process: subprocess.Popen[bytes], deadline: float) -> bytes:
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


def _outcome(function: Callable[[Any], object], argument: Any) -> object:
    try:
        return function(argument)
    except NightroundsError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a foreign message may hold a patient's value: its class is told
        if (
            isinstance(error, MemoryError) or "memory" in str(error).lower()
        ):  # each library has words of its own
            return Rejected(TOO_MUCH, "process apart", "a file that fits the memory limit")
        return Fault(type(error).__name__)


def _limit(memory_bytes: int) -> None:
    """Let the process allocate so much beyond what it holds."""
    with open("/proc/self/status", encoding="ascii") as status:
        held = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData"))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = held + memory_bytes if hard == resource.RLIM_INFINITY else min(held + memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def serve(target: str, memory_bytes: int) -> None:
    """Answer calls from standard input until it is closed."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes nowhere
    module, _, name = target.partition(":")
    function = getattr(import_module(module), name)
    _limit(memory_bytes)
    answers.write(_framed("ready"))
    answers.flush()
    while head := sys.stdin.buffer.read(_HEAD.size):
        argument = pickle.loads(sys.stdin.buffer.read(_HEAD.unpack(head)[0]))
        answers.write(_framed(_outcome(function, argument)))
        answers.flush()


# Served as the module that others import: what is pickled here is of classes that they know.
if __name__ == "__main__":
    import_module("tasks.apart").serve(sys.argv[1], int(sys.argv[2]))
