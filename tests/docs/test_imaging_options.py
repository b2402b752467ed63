"""The table of PS3.15's options in the how-to of images says what the program does."""

from __future__ import annotations

from dataclasses import fields

import pytest

from contracts.errors import Fatal
from contracts.privacy import Profile
from tasks.deidentification.ps315 import DEFAULTS, Options, choose_options
from tests.conftest import ROOT

NAMES = [field.name for field in fields(Options)]


def _rows() -> dict[str, list[str]]:
    """Cells of the table's rows, by setting."""
    text = (ROOT / "docs" / "how-to" / "imaging.md").read_text(encoding="utf-8")
    table = text.split("| option of PS3.15 E.3 |", 1)[1].split("\n\n", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[1].strip("`"): row for row in rows}


def test_every_option_has_its_row() -> None:
    assert list(_rows()) == [*NAMES, "burned_in", "none"]
    assert all(len(row) == 5 and all(row) for row in _rows().values())


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_told(name: str) -> None:
    chosen = {profile.value for profile in Profile if getattr(DEFAULTS[profile], name)}
    told = {"on": {"expert", "safe_harbor"}, "off": set()}.get(
        _rows()[name][2], {_rows()[name][2].strip("`")}
    )
    assert told == chosen


@pytest.mark.parametrize("name", NAMES)
def test_what_it_does_to_safe_harbor_is_told_as_it_is_held_to(name: str) -> None:
    try:
        choose_options(Profile.SAFE_HARBOR, {name: True})
    except Fatal:
        assert _rows()[name][4].startswith("breaks it (")
    else:
        assert not _rows()[name][4].startswith("breaks")
