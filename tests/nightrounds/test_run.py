"""`run` before anything starts: what a path stands for, a plan that writes nothing, and how refusals are told."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from contracts.errors import Usage
from contracts.identity import Identity
from contracts.privacy import Profile
from contracts.units import Source, Unit
from flows.settings import Settings
from nightrounds.commands.adhoc import hints_of, sources_of
from stores.home import Home, create_home
from stores.lease import Lease
from stores.vault import Vault
from tasks.workroom import open_workroom, save_sources
from tests.nightrounds.conftest import Call
from tests.retrieval.homes import DemoHome

Option = tuple[str, str]


@pytest.fixture
def hospitals(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders of exports."""
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        (folder / "inner").mkdir(parents=True)
    return folders


@pytest.fixture
def new(tmp_path: Path) -> Home:
    return create_home(tmp_path / "home", Profile.EXPERT, seed="run")


def _files(home: Path) -> dict[str, tuple[int, bytes]]:
    """All files but the memory in which SQLite's readers lock, which the round of this process keeps open."""
    found = [path for path in home.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    return {str(path.relative_to(home)): (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def test_a_new_place_beside_a_known_one_is_told(hospitals: tuple[Path, Path]) -> None:
    first, second = hospitals
    known = {s.name: s for s in sources_of({"fhir": [first]}, {}, Settings())}
    both = sources_of({"fhir": [first, second], "vcf": [first]}, known, Settings())
    (hint,) = hints_of(both, known)
    assert (
        hint.startswith("fhir-2 is a new source with patient numbers of its own") and str(second) not in hint
    )
    assert hints_of(both, {}) == [] and hints_of(both, {s.name: s for s in both}) == []


def test_a_place_keeps_its_name_and_authority(hospitals: tuple[Path, Path]) -> None:
    first, second = hospitals
    known: dict[str, Source] = {}
    for folder, name in ((first, "fhir"), (second, "fhir-2"), (first, "fhir"), (second, "fhir-2")):
        (source,) = sources_of({"fhir": [folder]}, known, Settings())
        assert (source.name, source.authority, source.location) == (name, name, str(folder))
        known[source.name] = source


def test_new_places_are_named_in_the_order_of_the_places(hospitals: tuple[Path, Path]) -> None:
    first, second = hospitals
    assert sources_of({"fhir": [first, second]}, {}, Settings()) == sources_of(
        {"fhir": [second, first]}, {}, Settings()
    )


def test_a_place_is_read_once(hospitals: tuple[Path, Path]) -> None:
    first, second = hospitals
    known = {s.name: s for s in sources_of({"fhir": [first]}, {}, Settings())}
    for paths in ([first, first], [second, second / "inner"], [first / "inner"], [second.parent]):
        with pytest.raises(Usage) as caught:
            sources_of({"fhir": paths}, known, Settings())
        assert str(first.parent) not in str(caught.value)
    assert len(sources_of({"fhir": [second], "dicom": [second / "inner"]}, known, Settings())) == 2


def test_a_plan_of_a_published_home_writes_nothing(
    call: Call, demo: DemoHome, home: Option, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    export.mkdir()
    (export / "new.ndjson").write_text('{"resourceType": "Patient", "id": "p"}\n')
    before = _files(demo.home.path)
    said = call("run", "--plan", "--fhir", export, *home, "--json")
    assert said.code == 0 and [s["to read"] for s in said.json["sources"]] == [1]
    assert call("run", "--plan", *home, "--json").json["cut_off"] == []
    after = _files(demo.home.path)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == set()


def test_a_plan_of_an_empty_home_writes_nothing(call: Call, new: Home, hospitals: tuple[Path, Path]) -> None:
    before = _files(new.path)
    said = call("run", "--plan", "--fhir", hospitals[0], "--home", new.path)
    assert said.code == 0 and _files(new.path) == before


def test_a_plan_makes_no_home(call: Call, tmp_path: Path) -> None:
    said = call("run", "--plan", "--profile", "expert", "--home", tmp_path / "none")
    assert said.code == 2 and "nightrounds init" in said.err and not (tmp_path / "none").exists()


def test_a_plan_after_a_round_that_was_cut_off(call: Call, demo: DemoHome, tmp_path: Path) -> None:
    shutil.copytree(demo.home.path, tmp_path / "cut")
    from stores.home import open_home

    cut = open_home(tmp_path / "cut")
    with Vault.open(cut, cut.load_key()) as vault:
        from stores.catalog import Catalog
        from tasks.workroom import load_sources

        name = next(n for n, s in sorted(load_sources(vault).items()) if s.kind == "fhir")
        with Catalog.open(cut) as catalog:
            unit = next(u for u, row in sorted(catalog.units(name).items()) if row.state == "published")
        vault.remember_identities(Unit(unit, name, "fhir"), [Identity(name, "id", "never-seen")])
    said = call("run", "--plan", "--home", cut.path, "--json")
    assert said.code == 0 and said.json["cut_off"] == [name]
    assert "was cut off" in call("run", "--plan", "--home", cut.path).out


@pytest.mark.parametrize("plan", [(), ("--plan",)], ids=["run", "plan"])
def test_an_unknown_source_is_told_with_the_known_ones(call: Call, new: Home, plan: tuple[str, ...]) -> None:
    save_sources(open_workroom(str(new.path)).vault, [Source("ward", "fhir", "/nowhere", "ward")])
    said = call("run", "ehr", *plan, "--home", new.path, "--json")
    assert said.code == 2 and "one of ward" in said.err
    assert said.json["error"] == {
        "class": "Usage",
        "message": "no such source",
        "place": "ehr",
        "legal": "one of ward",
    }


def test_wrong_usage_ends_with_2(call: Call, home: Option, tmp_path: Path) -> None:
    assert call("run", "--home", tmp_path / "none").code == 2
    assert call("explain", "99", *home).code == 2
    assert call("release", "move", "99", *home).code == 2
    assert call("status", "--rounds", "0", *home, "--json").json["error"]["class"] == "Usage"


def test_a_second_round_at_once_is_told_at_once(
    call: Call, new: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nightrounds.commands.run as command

    monkeypatch.setattr(command, "make_round", lambda *_, **__: sys.exit("the round was begun"))
    with Lease(new):
        said = call("run", "--home", new.path, "--json")
    assert said.code == 1 and said.json["error"]["class"] == "Retriable"
    assert "a round holds this home" in said.err and len(said.err.splitlines()) == 1
