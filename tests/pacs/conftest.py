"""A PACS that the tests start themselves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pacs.orthanc import Orthanc


@pytest.fixture
def quick() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place: Orthanc and the landing area sync each instance."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="nightrounds-", dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def orthanc(quick: Path) -> Iterator[Orthanc]:
    """An empty Orthanc."""
    made = Orthanc(quick / "orthanc")
    try:
        yield made.start()
    finally:
        made.kill()
