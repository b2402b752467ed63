"""What goes in and what comes out, pair by pair; and what a reader would look for in the pairs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.privacy import Profile
from tests.golden.render import CASES, WRITERS, render_case

PAIRS = [(name, profile) for name in WRITERS for profile in Profile]
PLANTED = (
    *("thistlewhit", "ottoline", "barnaby", "okonkwo", "larkspur", "cambridge", "elsewhere"),
    *("4471823", "999-31-4402", "555-018-2337", "a-20230312-77", "sn-55120", "1931"),
)


@pytest.mark.parametrize(("name", "profile"), PAIRS)
def test_the_output_is_the_golden_one(name: str, profile: Profile, tmp_path: Path) -> None:
    expected = (CASES / name / f"{profile.value}.txt").read_text()
    assert render_case(name, profile, tmp_path / "room") == expected


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("name", WRITERS)
def test_no_golden_output_names_anybody(name: str, profile: Profile) -> None:
    text = (CASES / name / f"{profile.value}.txt").read_text().lower()
    assert [planted for planted in PLANTED if planted in text] == []
    source = " ".join(
        path.read_text() for path in (CASES / name).iterdir() if path.stem not in set(Profile)
    ).lower()
    assert "thistlewhit" in source


@pytest.mark.parametrize("name", WRITERS)
def test_safe_harbor_tells_years_alone(name: str) -> None:
    text = (CASES / name / f"{Profile.SAFE_HARBOR.value}.txt").read_text()
    dates = re.findall(r"\b(?:19|20)\d\d-\d\d-\d\d(?: \d\d:\d\d)?", text)
    assert all(found.endswith("-01-01") for found in dates)
    assert "91 years" not in text


def test_expert_keeps_intervals() -> None:
    """From admission to discharge there are three days, before and after."""
    text = (CASES / "records" / f"{Profile.EXPERT.value}.txt").read_text()
    days = [re.search(rf"visit_{end}_date +\d{{4}}-(\d\d)-(\d\d)", text) for end in ("start", "end")]
    (month, first), (later_month, last) = (found.groups() for found in days if found)
    assert month == later_month and int(last) - int(first) == 3
    assert not re.search(r"visit_\w+_date +2023-03-1[14]", text)
