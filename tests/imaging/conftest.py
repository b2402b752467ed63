"""A home for nights over images."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.house import House
from tests.imaging.nights import image_house


@pytest.fixture
def house(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> House:
    """A new home without sources."""
    return image_house(tmp_path)
