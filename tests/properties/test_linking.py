"""A link that comes late makes one person of two; taking it back leaves everything as it was before."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from connectors.crosswalk import COLUMNS
from contracts.units import Source
from stores.home import Home
from tests.properties.exports import Statement, layouts, statements, write_files
from tests.properties.nights import FEW, lake_of, make_home, make_night

HOSPITALS = ("st-elsewhere", "st-somewhere")


def _sources(folder: Path) -> list[Source]:
    exports = [Source(name, "fhir", str(folder / name), authority=name) for name in HOSPITALS]
    return [*exports, Source("links", "crosswalk", str(folder / "links"))]


def _with_numbers(lines: list[Statement]) -> list[Statement]:
    """Patients carry a patient number of their hospital, which is what a crosswalk names."""
    numbered = '"identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": "N%d"}], "name"'
    return [
        Statement(one.kind, one.number, one.changed, one.line.replace('"name"', numbered % one.number, 1))
        for one in lines
    ]


def _link(folder: Path, actions: list[str]) -> None:
    """The crosswalk says this of patient N0 of both hospitals."""
    (folder / "links").mkdir(exist_ok=True)
    rows = [f"{HOSPITALS[0]},N0,{HOSPITALS[1]},N0,{action}" for action in actions]
    text = "\n".join([",".join([*COLUMNS, "action"]), *rows])
    (folder / "links" / "crosswalk.csv").write_text(text + "\n")


def _persons(home: Home) -> int:
    return len(lake_of(home).read("omop.person"))


@FEW
@given(data=st.data())
def test_a_late_link_taken_back_leaves_no_trace(tmp_path: Path, data: st.DataObject) -> None:
    here = tmp_path / uuid4().hex
    for name in HOSPITALS:
        write_files(here / "export" / name, data.draw(layouts(_with_numbers(data.draw(statements())))))
    how = data.draw(st.sampled_from(["row removed", "unlinked"]))
    home, sources = make_home(here / "home"), _sources(here / "export")
    _link(here / "export", [])
    apart = make_night(home, sources)
    persons = _persons(home)
    _link(here / "export", ["link"])
    joined = make_night(home, sources)
    assert _persons(home) == persons - 1
    assert joined.content != apart.content
    assert all(account.balanced for account in joined.accounts.values())
    _link(here / "export", [] if how == "row removed" else ["link", "unlink"])
    parted = make_night(home, sources)
    assert parted.content == apart.content
    assert _persons(home) == persons
    shutil.rmtree(here)


@FEW
@given(data=st.data())
def test_a_late_link_is_as_good_as_an_early_one(tmp_path: Path, data: st.DataObject) -> None:
    here = tmp_path / uuid4().hex
    for name in HOSPITALS:
        write_files(here / "export" / name, data.draw(layouts(_with_numbers(data.draw(statements())))))
    sources = _sources(here / "export")
    late = make_home(here / "late")
    _link(here / "export", [])
    make_night(late, sources)
    _link(here / "export", ["link"])
    linked_late = make_night(late, sources)
    linked_early = make_night(make_home(here / "early"), sources)
    assert linked_late.content == linked_early.content
    shutil.rmtree(here)
