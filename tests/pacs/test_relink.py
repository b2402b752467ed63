"""A link that comes late reaches studies that no night lists any more: they are fetched once more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from contracts.identity import Identity, Link
from tests.pacs.night import make_ward
from tests.pacs.orthanc import Orthanc
from tests.pacs.studies import studies


@pytest.mark.parametrize("there", [True, False], ids=["the PACS is there", "the PACS is gone"])
def test_a_late_link_rewrites_studies_that_are_unchanged(there: bool, orthanc: Orthanc, quick: Path) -> None:
    orthanc.store(studies(2, 1, 1, 3))
    ward = make_ward(quick / "home", orthanc, "dicomweb")
    ward.night()
    before = {row["person_id"] for row in ward.rows("person_id")}
    assert len(before) == 2
    shutil.rmtree(ward.room.home.landing / "pacs")  # the copies' time is over

    one, other = (Identity("radiology", f"MRN-{number:05d}") for number in (1, 2))
    ward.room.vault.set_links("crosswalk", [Link(one, other)])
    if not there:
        orthanc.kill()
        ward.set(hours=outside_now())
    night = ward.night()
    if there:
        assert night.listed == 0 and len(night.to_read) == 6 and not night.out_of_reach
        assert len({row["person_id"] for row in ward.rows("person_id")}) == 1
        assert len(ward.rows()) == 6
    else:
        assert len(ward.rows()) == 6 and {row["person_id"] for row in ward.rows("person_id")} == before


def outside_now() -> str:
    """Hours in which it is not now: nothing is asked."""
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    return f"{now + timedelta(hours=2):%H}:00-{now + timedelta(hours=3):%H}:00"
