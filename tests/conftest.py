"""What all tests share: the sample data, an environment of their own, and how hypothesis searches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""

SHARED = ROOT.parent / "shared"
"""Sample exports beside the checkout. They are not part of it."""

# The same examples in every run, whatever the machine's load. `HYPOTHESIS_PROFILE=thorough` searches at random.
settings.register_profile("default", derandomize=True, database=None, deadline=None, max_examples=50)
settings.register_profile("thorough", database=None, deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of sample data; the test is skipped where there is none."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the sample data in ../shared")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """Keys and built models of the tests lie in the tests' own folders, in subprocesses too.

    No setting of the caller's shell, and no key of the user's, reaches a test.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("NIGHTROUNDS_", "PREFECT_", "DASK_"))]:
            patch.delenv(name)
        patch.setenv("NIGHTROUNDS_KEY_DIR", str(tmp_path_factory.mktemp("keys")))
        patch.setenv("NIGHTROUNDS_CACHE", str(tmp_path_factory.mktemp("models")))
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        patch.setenv("DO_NOT_TRACK", "1")
        patch.setenv("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
        yield patch


@pytest.fixture(scope="session")
def key_folder() -> Path:
    """Where the keys of this test session lie."""
    return Path(os.environ["NIGHTROUNDS_KEY_DIR"])


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """Where the encoders' graphs of this test session are built: once, for all tests."""
    return Path(os.environ["NIGHTROUNDS_CACHE"])
