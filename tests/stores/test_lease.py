from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.errors import Fatal, Retriable
from stores.home import Home
from stores.lease import Lease, holder_of

_HOLD = """
import sys, time
from stores.home import open_home
from stores.lease import Lease
with Lease(open_home(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def another_holder(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", _HOLD, str(home.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=root) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


def test_one_round_at_a_time(home: Home) -> None:
    assert holder_of(home) is None
    with another_holder(home) as other:
        with pytest.raises(Retriable, match=f"process {other.pid} on .* since 20"), Lease(home):
            pytest.fail("two rounds at once")
        holder = holder_of(home)
        assert holder is not None and (holder.pid, holder.purpose) == (other.pid, "round")


def test_the_kernel_gives_it_back_after_kill_9(home: Home) -> None:
    with another_holder(home) as other:
        other.send_signal(signal.SIGKILL)
        other.wait(10)
        assert holder_of(home) is None
        with Lease(home, "erasure"):
            holder = holder_of(home)
            assert holder is not None and (holder.pid, holder.purpose) == (os.getpid(), "erasure")


def test_it_is_given_back_after_an_error_and_can_be_taken_again(home: Home) -> None:
    lease = Lease(home)
    with pytest.raises(ZeroDivisionError), lease:
        raise ZeroDivisionError
    with lease, pytest.raises(Fatal, match="held already"), lease:
        pass
    assert holder_of(home) is None


def test_waiting_for_another_to_end(home: Home) -> None:
    with another_holder(home) as other:
        threading.Timer(0.3, other.kill).start()
        before = time.monotonic()
        with Lease(home, wait_seconds=30):
            assert time.monotonic() - before >= 0.2
