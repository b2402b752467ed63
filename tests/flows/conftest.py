"""A Prefect server for all tests, a zone that is not UTC, and a home for each test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.harness import Server, prefect_server
from tests.flows.house import House, make_house


@pytest.fixture(scope="session")
def server(own_environment: pytest.MonkeyPatch) -> Iterator[Server]:
    """One Prefect server for the session."""
    with prefect_server() as running:
        yield running


@pytest.fixture(scope="package", autouse=True)
def _zone_that_is_not_utc() -> Iterator[None]:
    """Half an hour off any whole zone, and a day ahead of UTC in the evening."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def house(tmp_path: Path, server: Server) -> House:
    """A new home without sources."""
    return make_house(tmp_path)
