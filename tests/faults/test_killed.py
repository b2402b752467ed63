"""Killed at any moment, the round is made again, and the lake is what it would have been."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from stores.lease import holder_of
from tests.faults.conftest import Command, Exports
from tests.faults.struck import MOMENTS
from tests.flows.exports import encounter, patient, write_records
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


def test_rows_committed_before_the_cut_and_withdrawn_after_it_go(command: Command, tmp_path: Path) -> None:
    """The ledger never heard of them: nobody but the table itself knows that they are there."""
    digests = []
    for name, cut in (("cut", True), ("never", False)):
        house, records = make_house(tmp_path / name), tmp_path / name / "export"
        write_records(records / "people.ndjson", [patient(n) for n in range(2)])
        visits = [encounter(f"v{n}", n % 2, f"2023-05-{n + 1:02}") for n in range(4)]
        if cut:
            write_records(records / "care.ndjson", visits)
            struck = ("tests.faults.struck", "between rows and ledger", "1")
            killed = command(house, ["--fhir", str(records)], module=struck)
            assert killed.returncode == -signal.SIGKILL, killed.stdout
            assert house.lake.rows("omop.visit_occurrence") == 4
        write_records(records / "care.ndjson", visits[:3])
        done = command(house, ["--fhir", str(records)])
        assert done.returncode == 0, done.stdout
        assert house.lake.rows("omop.visit_occurrence") == 3
        digests.append(house.digests())
    assert digests[0] == digests[1]
