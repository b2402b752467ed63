"""The demo hospital, made once for all tests of this folder."""

from __future__ import annotations

import pytest

from nightrounds.demo.hospital import Hospital, make_hospital


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """Two nights of the demo hospital with the demo's own seed. Tests only read it."""
    return make_hospital(tmp_path_factory.mktemp("demo") / "hospital")
