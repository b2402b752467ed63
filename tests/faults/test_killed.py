"""Killed at any moment, the round is made again, and the lake is what it would have been."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from stores.lease import holder_of
from tests.faults.conftest import Command, Exports
from tests.faults.struck import MOMENTS
from tests.flows.house import make_house

_AT = {"identifying": 3, "reading": 2, "staging": 2, "between two commits": 2}
"""The how-manieth call of the moment's function; the first where none is named."""


@pytest.mark.parametrize("moment", MOMENTS)
def test_running_again_repairs_what_a_kill_left(
    moment: str, command: Command, exports: Exports, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    house = make_house(tmp_path)
    struck = ("tests.faults.struck", moment, str(_AT.get(moment, 1)))
    killed = command(house, exports.arguments, module=struck)
    assert killed.returncode == -signal.SIGKILL, killed.stdout
    assert holder_of(house.home) is None, "the kernel gives the lease back"
    released = house.releases.current()
    assert released is None, "readers see a whole night or none"

    again = command(house, exports.arguments)
    assert again.returncode in (0, 3), again.stdout
    assert house.digests() == undisturbed
    states = [row.state for row in house.catalog.rounds()]
    assert states[1:] == ["interrupted"]
    assert house.releases.current() is not None
    left = list(house.home.staging.rglob("manifest.json"))
    assert left == [], "what is published leaves no staging"
