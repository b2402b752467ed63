"""The home that the commands read, and how they are called: in this process, as `main` would be."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest

from tests.retrieval.homes import DemoHome, demo_home


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Said]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    return demo_home(tmp_path_factory.getbasetemp() / "reading")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command line with these arguments. What it sets in the environment is taken back."""
    from nightrounds.cli import main

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        words = ["nightrounds", *map(str, arguments)]
        with mock.patch.dict(os.environ, COLUMNS="100"), mock.patch.object(sys, "argv", words):
            try:
                main()
                code = 0
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def home(demo: DemoHome) -> tuple[str, str]:
    """The option that names the home."""
    return "--home", str(demo.home.path)
