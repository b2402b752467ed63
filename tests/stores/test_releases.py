from __future__ import annotations

import pytest

from contracts.errors import Fatal
from stores.home import Home
from stores.releases import Releases

NOW = "2026-11-24T02:00:00+00:00"


@pytest.fixture
def releases(home: Home) -> Releases:
    return Releases(home)


def test_readers_see_the_latest_night(releases: Releases) -> None:
    assert releases.current() is None and releases.list() == []
    first = releases.publish("r1", 1, {"omop.person": 0}, {"notes": 3}, NOW)
    second = releases.publish("r2", 2, {"omop.person": 1}, {"notes": 3}, NOW)
    assert (first.number, second.number) == (1, 2) and first.digest != second.digest
    assert releases.current() == second and releases.list() == [first, second]
    assert dict(second.tables) == {"omop.person": 1} and dict(second.vectors) == {"notes": 3}


def test_an_unchanged_night_writes_nothing(releases: Releases, home: Home) -> None:
    first = releases.publish("r1", 1, {"a": 0, "b": 1}, {}, NOW)
    before = {path: path.stat().st_mtime_ns for path in home.releases.iterdir()}
    assert releases.publish("r2", 2, {"b": 1, "a": 0}, {}, "later") == first
    assert {path: path.stat().st_mtime_ns for path in home.releases.iterdir()} == before


def test_the_pointer_moves_back_and_numbers_are_never_used_twice(releases: Releases) -> None:
    for version in range(3):
        releases.publish("r", version, {"a": version}, {}, NOW)
    assert releases.move_to(1).number == 1 == releases.current().number  # type: ignore[union-attr]
    assert releases.publish("r", 4, {"a": 9}, {}, NOW).number == 4
    with pytest.raises(Fatal, match="1 to 4"):
        releases.move_to(5)
    assert releases.current().number == 4  # type: ignore[union-attr]


def test_a_crash_before_the_pointer_moved_is_repaired(releases: Releases, home: Home) -> None:
    releases.publish("r1", 1, {"a": 0}, {}, NOW)
    pointer = (home.releases / "current").read_bytes()
    second = releases.publish("r2", 2, {"a": 1}, {}, NOW)
    (home.releases / "current").write_bytes(pointer)
    assert releases.publish("r3", 3, {"a": 1}, {}, NOW) == second == releases.current()
    assert len(releases.list()) == 2


def test_clean_up_keeps_pinned_and_current_versions(releases: Releases) -> None:
    for version in range(4):
        releases.publish("r", version, {"a": version, "b": 0}, {"notes": version}, NOW)
    assert releases.pin(2).pinned and releases.list()[1].pinned
    assert releases.pinned_versions() == {"a": {1, 3}, "b": {0}}
    assert releases.pinned_vectors() == {"notes": {1, 3}}
    assert not releases.pin(2, False).pinned
    assert releases.pinned_versions() == {"a": {3}, "b": {0}}


def test_a_changed_release_is_noticed(releases: Releases, home: Home) -> None:
    releases.publish("r", 1, {"a": 7}, {}, NOW)
    path = home.releases / "1.json"
    path.write_text(path.read_text().replace('"a": 7', '"a": 8'))
    with pytest.raises(Fatal, match="was changed"):
        releases.current()
    path.write_text("{}")
    with pytest.raises(Fatal, match="cannot be read"):
        releases.current()
    (home.releases / "current").write_text("x")
    with pytest.raises(Fatal, match="pointer"):
        releases.current()
