"""The home that the tests of this folder read."""

from __future__ import annotations

import pytest

from retrieval.reader import Reader, open_reader
from tests.retrieval.homes import DemoHome, demo_home


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    return demo_home(tmp_path_factory.getbasetemp() / "reading")


@pytest.fixture
def reader(demo: DemoHome) -> Reader:
    return open_reader(demo.home)
