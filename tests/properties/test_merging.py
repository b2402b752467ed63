"""Newest wins, whatever the order, the files and the nights in which the statements came; and nothing is lost."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.accounting import Account
from contracts.units import Source
from stores.lake_digest import digest_rows
from tests.properties.exports import Statement, layouts, state, statements, write_files
from tests.properties.nights import FEW, Night, lake_of, make_home, make_night


def _source(folder: Path, snapshot: bool = False) -> Source:
    return Source("ehr", "fhir", str(folder), authority="st-elsewhere", snapshot=snapshot)


def _night(room: Path, files: list[list[str]]) -> Night:
    """One night of a new home over these files."""
    here = room / uuid4().hex
    write_files(here / "export", files)
    try:
        return make_night(make_home(here / "home"), [_source(here / "export")])
    finally:
        shutil.rmtree(here)


def _balanced(account: Account, lines: int) -> None:
    assert account.balanced
    assert account.read == lines
    assert account.fates["quarantined"] == 0, dict(account.reasons)


@FEW
@given(data=st.data())
def test_order_and_files_make_no_difference(tmp_path: Path, data: st.DataObject) -> None:
    lines = data.draw(statements())
    plain = _night(tmp_path, [[one.line for one in lines]])
    mixed = _night(tmp_path, data.draw(layouts(lines)))
    assert mixed.content == plain.content
    for night in (plain, mixed):
        _balanced(night.accounts["ehr"], len(lines))
        standing = len({one.record for one in lines})
        assert night.accounts["ehr"].fates["merged"] == len(lines) - standing


@FEW
@given(data=st.data())
def test_nights_make_no_difference(tmp_path: Path, data: st.DataObject) -> None:
    """The same lines over several nights, each night's files beside the earlier ones, end in the same lake."""
    lines = data.draw(statements())
    files = data.draw(layouts(lines))
    whole = _night(tmp_path, files)
    here = tmp_path / uuid4().hex
    home, last = make_home(here / "home"), None
    for number, content in enumerate(files):
        write_files(here / "export", [content], prefix=f"night-{number}")
        last = make_night(home, [_source(here / "export")])
        assert last.accounts["ehr"].balanced
        assert last.accounts["ehr"].read == sum(len(f) for f in files[: number + 1])
    assert last is not None
    assert last.content == whole.content
    again = make_night(home, [_source(here / "export")])
    assert again.digests == last.digests
    assert again.accounts["ehr"].fates["accepted"] == 0
    shutil.rmtree(here)


@FEW
@given(data=st.data())
def test_what_is_withdrawn_was_never_there(tmp_path: Path, data: st.DataObject) -> None:
    """A file that a snapshot holds no more takes its statements along: older ones elsewhere stand again."""
    lines = data.draw(statements())
    files = data.draw(layouts(lines))
    kept = data.draw(st.integers(0, len(files) - 1))
    here = tmp_path / uuid4().hex
    write_files(here / "export", files)
    home = make_home(here / "home")
    make_night(home, [_source(here / "export", snapshot=True)])
    for number in range(len(files)):
        if number != kept:
            (here / "export" / f"export-{number}.ndjson").unlink()
    night = make_night(home, [_source(here / "export", snapshot=True)])
    assert night.accounts["ehr"].balanced
    settled = make_night(
        home, [_source(here / "export", snapshot=True)]
    )  # units that stand again are read now
    only = _night(tmp_path, [files[kept]])
    assert _without_empty(settled.content) == _without_empty(only.content)
    shutil.rmtree(here)


def _without_empty(content: dict[str, str]) -> dict[str, str]:
    """A table that lost its last row is there still; one that never had any is not."""
    nothing = digest_rows([])
    return {table: digest for table, digest in content.items() if digest != nothing}


@FEW
@given(data=st.data())
def test_the_newest_statement_stands(tmp_path: Path, data: st.DataObject) -> None:
    """Judged by an independent reading of the lines: the latest instant, told in whatever zone."""
    lines = data.draw(statements())
    here = tmp_path / uuid4().hex
    write_files(here / "export", data.draw(layouts(lines)))
    home = make_home(here / "home")
    make_night(home, [_source(here / "export")])
    newest: dict[tuple[str, int], set[str]] = {}
    for one in lines:
        rivals = [other for other in lines if other.record == one.record]
        latest = max(_instant(other) for other in rivals)
        newest[one.record] = {_code(other.line) for other in rivals if _instant(other) == latest}
    lake = lake_of(home)
    expected = [codes for (kind, _), codes in sorted(newest.items()) if kind == "Condition"]
    if "omop.condition_occurrence" in lake.tables():
        standing = lake.read("omop.condition_occurrence").to_pylist()
        assert len(standing) == len(expected)
        assert _matches([row["condition_source_value"] for row in standing], expected)
    else:
        assert not expected
    shutil.rmtree(here)


def _instant(one: Statement) -> float:
    return datetime.fromisoformat(one.changed).timestamp() if one.changed else float("-inf")


def _code(line: str) -> str:
    return line.partition('"code": "')[2].partition('"')[0]


def _matches(values: list[str], allowed: list[set[str]]) -> bool:
    """Whether each value can be given to a record of its own that allows it."""
    if not allowed:
        return not values
    return any(
        _matches(values[:i] + values[i + 1 :], allowed[1:])
        for i, value in enumerate(values)
        if value in allowed[0]
    )


def test_the_matching_tells_a_wrong_value() -> None:
    assert _matches(["a", "b"], [{"b"}, {"a", "b"}])
    assert not _matches(["a", "a"], [{"b"}, {"a", "b"}])


@pytest.mark.parametrize("changed", ["2024-01-01T05:00:00+02:00", "2024-01-01T04:00:00+01:00"])
def test_equal_instants_are_decided_by_content(tmp_path: Path, changed: str) -> None:
    """Two versions of one instant: the same one stands, whichever came first."""
    lines = [state("Patient", 0, "", 0, 0).line]
    rivals = [
        state("Condition", 10, at, turn, 0).line for turn, at in enumerate(["2024-01-01T03:00:00Z", changed])
    ]
    first = _night(tmp_path, [lines, rivals[:1], rivals[1:]])
    second = _night(tmp_path, [rivals[1:], rivals[:1], lines])
    assert first.content == second.content
