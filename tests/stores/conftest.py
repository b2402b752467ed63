"""A home with its key, both gone after the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.keys import Key
from contracts.privacy import Profile
from stores.home import Home, create_home


@pytest.fixture(autouse=True)
def key_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where keys of this test lie; subprocesses inherit it."""
    folder = tmp_path / "keys"
    monkeypatch.setenv("NIGHTROUNDS_KEY_DIR", str(folder))
    monkeypatch.delenv("NIGHTROUNDS_KEY", raising=False)
    return folder


@pytest.fixture
def home(tmp_path: Path, key_dir: Path) -> Home:
    """A home whose allotments follow from a seed."""
    return create_home(tmp_path / "home", Profile.EXPERT, seed="test")


@pytest.fixture
def key(home: Home) -> Key:
    """The key of `home`."""
    return home.load_key()
