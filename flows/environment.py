"""The environment that Prefect, Dask and the workers read before they are imported."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path

import orjson

from contracts.errors import Retriable
from stores.home import Home

SERVER_FILE = "server.json"


def prepare_environment(home: Home) -> str | None:
    """Point Prefect at this home: its server when one is up, else a server of its own for this process.

    Call before anything imports Prefect. Returns the server's API URL when it answers.

    Raises:
        Retriable: `PREFECT_API_URL` names a server that does not answer.
    """
    os.environ["NIGHTROUNDS_HOME"] = str(home.path)
    defaults = {
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the UI has them all; the terminal has its bars
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "DASK_LOGGING__DISTRIBUTED": "error",
        "POLARS_MAX_THREADS": "2",
        "LANCE_LOG": "error",
        "TOKENIZERS_PARALLELISM": "false",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    url = server_url(home)
    if url is not None and "PREFECT_API_URL" not in os.environ:
        os.environ["PREFECT_API_URL"] = url
    elif configured := os.environ.get("PREFECT_API_URL"):
        _reach(configured)
    return url


def _reach(url: str) -> None:
    """Any answer at all will do: whether it lets us in, Prefect will tell."""
    try:
        urllib.request.urlopen(f"{url}/health", timeout=10).close()
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError):
        fix = "start it, or unset PREFECT_API_URL for a server of this process's own"
        raise Retriable("the Prefect server does not answer", "PREFECT_API_URL", fix) from None


def server_file(home: Home) -> Path:
    """Where `serve` notes its address."""
    return Path(home.prefect) / SERVER_FILE


def server_url(home: Home) -> str | None:
    """The API URL of this home's server, when it answers within a second."""
    path = server_file(home)
    if not path.is_file():
        return None
    url = str(orjson.loads(path.read_bytes())["api_url"])
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=1) as answer:
            return url if answer.status == 200 else None
    except (urllib.error.URLError, OSError):
        return None
