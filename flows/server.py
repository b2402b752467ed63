"""Start this home's Prefect server, apply its deployments and run a worker, as child processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from contracts.errors import Fatal, Retriable
from flows.environment import server_file
from flows.settings import Settings
from stores.home import Home

POOL = "nightrounds"
START_SECONDS = 240
_DEPLOYMENTS = Path(__file__).resolve().parents[1] / "deployments" / "prefect.yaml"


def check_port(host: str, port: int) -> None:
    """Raise `Fatal` when something listens there already."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, port)) == 0:
            fix = "stop it, or set server.port (NIGHTROUNDS_SERVER__PORT)"
            raise Fatal("something listens on this port already", f"{host}:{port}", fix)


@contextmanager
def running_server(home: Home, settings: Settings, say: Callable[[str], None]) -> Iterator[str]:
    """The server, the deployments and one worker, for as long as the block runs; yields the UI's URL."""
    host, port = settings.server.host, settings.server.port
    check_port(host, port)
    api = f"http://{host}:{port}/api"
    environment = _environment(home, settings, api)
    logs = Path(home.logs)
    logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    children: list[subprocess.Popen[bytes]] = []
    try:
        say("starting the Prefect server (a new one takes up to a minute)")
        children.append(
            _start(["server", "start", "--host", host, "--port", str(port)], environment, logs / "server.log")
        )
        _wait(api, children[0])
        server_file(home).write_bytes(orjson.dumps({"api_url": api, "pid": os.getpid()}))
        _command(["work-pool", "create", POOL, "--type", "process", "--overwrite"], environment)
        say("applying the deployments")
        _command(["deploy", "--all", "--prefect-file", str(_DEPLOYMENTS)], environment)
        arguments = [
            "worker",
            "start",
            "--pool",
            POOL,
            "--type",
            "process",
            "--name",
            "night-worker",
            "--limit",
            "1",
        ]
        children.append(_start(arguments, environment, logs / "worker.log"))
        yield f"http://{host}:{port}"
    finally:
        server_file(home).unlink(missing_ok=True)
        for child in reversed(children):
            _stop(child)


def wait_for_children(seconds: float = 3600 * 24 * 365) -> None:
    """Wait for a signal, or for the time to pass."""
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    end = time.monotonic() + seconds
    while not stopped and time.monotonic() < end:
        time.sleep(0.5)


def _environment(home: Home, settings: Settings, api: str) -> dict[str, str]:
    return {
        **os.environ,
        "PREFECT_API_URL": api,
        "PREFECT_HOME": str(home.prefect),
        "NIGHTROUNDS_HOME": str(home.path),
        "NIGHTROUNDS_CRON": settings.schedule.cron,
        "NIGHTROUNDS_CRON_TIME_ZONE": settings.schedule.time_zone,
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PYTHONPATH": os.pathsep.join(
            [str(_DEPLOYMENTS.parents[1]), os.environ.get("PYTHONPATH", "")]
        ).rstrip(":"),
    }


def _start(arguments: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments],
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _command(arguments: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise Fatal(
            f"prefect {arguments[0]} failed: {' '.join(last)}", "serve", "see logs/server.log in the home"
        )


def _wait(api: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise Fatal(
                "the Prefect server stopped while it started", "serve", "see logs/server.log in the home"
            )
        try:
            with urllib.request.urlopen(f"{api}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise Retriable(f"the Prefect server did not answer in {START_SECONDS} seconds", "serve", "try again")


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Stop a child and all that it started: first politely, then for good."""
    for name, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        if child.poll() is not None:
            return
        os.killpg(child.pid, name)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            continue
