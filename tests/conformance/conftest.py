"""The kinds that this suite holds to their contract, and a sample of each."""

from __future__ import annotations

import os

import pytest

from connectors.registry import kinds, read_as
from contracts.plugins import VARIABLE
from tests.conformance.reading import Sample, make_sample

PLUGINS = os.environ.get(VARIABLE, "")
"""The plugins under test: the caller's setting, which is cleared for all other tests."""

KINDS = tuple(kind for kind in kinds() if read_as(kind) == kind)
"""A kind that is read as another owes what that one owes; how its exports come has tests of its own."""


@pytest.fixture(scope="session", autouse=True)
def plugins(own_environment: pytest.MonkeyPatch) -> None:
    """The plugins stay known while tests run, in subprocesses too."""
    if PLUGINS:
        own_environment.setenv(VARIABLE, PLUGINS)


@pytest.fixture(scope="session", params=KINDS)
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, plugins: None) -> Sample:
    """The small export of each kind."""
    return make_sample(request.param, tmp_path_factory.mktemp(f"{request.param}-export"))
