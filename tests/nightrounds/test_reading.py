from __future__ import annotations

from pathlib import Path

import pytest

from contracts.privacy import Profile
from stores.home import create_home
from tests.nightrounds.conftest import Call
from tests.retrieval.homes import DemoHome

Option = tuple[str, str]
WIDTH = 100


def _broadest(text: str) -> int:
    return max(len(line.rstrip()) for line in text.splitlines())


def test_search_prints_person_date_score_title_and_passage(call: Call, home: Option) -> None:
    said = call("search", "shortness of breath", "-k", 3, *home)
    found = call("search", "shortness of breath", "-k", 3, *home, "--json").json
    assert said.code == 0 and len(found) == 3
    for hit in found:
        for value in (
            str(hit["person_id"]),
            hit["date"],
            f"{hit['score']:.4f}",
            str(hit["id"]),
            hit["title"],
        ):
            assert value in said.out
    assert "shortness of breath" in said.out.lower()
    assert _broadest(said.out) <= WIDTH


def test_search_filters_by_person_and_date(call: Call, home: Option) -> None:
    first = call("search", "pain", *home, "--json").json[0]
    only = call("search", "pain", "--person", first["person_id"], *home, "--json").json
    assert {hit["person_id"] for hit in only} == {first["person_id"]}
    none = call("search", "pain", "--to", "1900-01-01", *home)
    assert none.code == 0 and none.out == "" and "nothing was found within these filters" in none.err


def test_search_for_images(call: Call, home: Option) -> None:
    found = call("search", "CT chest", "--kind", "image", *home, "--json").json
    assert found[0]["kind"] == "image" and found[0]["title"] == "CT CHEST"


@pytest.mark.parametrize(
    "wrong",
    [
        ("search", ""),
        ("search", " ? "),
        ("search", "pain", "--kind", "video"),
        ("search", "pain", "--from", "yesterday"),
        ("search", "pain", "-k", "0"),
        ("patient",),
        ("patient", "Smith"),
        ("check",),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(call: Call, home: Option, wrong: tuple[str, ...]) -> None:
    said = call(*wrong, *(home if wrong != ("check",) else ()))
    assert said.code == 2
    assert said.out == "" and "Usage:" in said.err


def test_patient_prints_the_record_in_time_order(call: Call, home: Option) -> None:
    best = call("patient", "--list", *home, "--json").json[0]["person_id"]
    said = call("patient", best, *home)
    data = call("patient", best, *home, "--json").json
    assert said.code == 0
    days = [event["date"] for event in data["events"] if event["date"]]
    assert days == sorted(days)
    places = [said.out.index(f"\n{day} ") for day in sorted(set(days))]
    assert places == sorted(places)
    assert f"born {data['year_of_birth']}, {data['sex']}" in said.out
    assert f"{data['variants']['total']:,} differ from the reference" in said.out
    assert _broadest(said.out) <= WIDTH


def test_patient_lists_all_variants_when_asked(call: Call, home: Option) -> None:
    best = call("patient", "--list", *home, "--json").json[0]["person_id"]
    few, everything = (
        call("patient", best, *extra, *home, "--json").json["variants"] for extra in ((), ("--all",))
    )
    assert len(few["listed"]) == 20 < few["total"] == len(everything["listed"])


def test_an_unknown_patient_ends_with_2(call: Call, home: Option) -> None:
    said = call("patient", 5, *home)
    assert said.code == 2 and said.out == ""
    assert "no person by this id" in said.err and "patient --list" in said.err


@pytest.mark.parametrize(
    "command", [("search", "pain"), ("patient", "1"), ("patient", "--list")], ids=" ".join
)
def test_without_a_release_the_next_step_is_told(
    call: Call, tmp_path: Path, command: tuple[str, ...]
) -> None:
    create_home(tmp_path / "home", Profile.EXPERT, seed="empty")
    said = call(*command, "--home", tmp_path / "home")
    assert said.code == 1 and "no release to read yet" in said.err and "nightrounds run" in said.err


@pytest.mark.parametrize(
    "command", [("search", "pain"), ("patient", "1"), ("status",), ("explain",)], ids=" ".join
)
def test_a_folder_that_is_no_home_is_told(call: Call, tmp_path: Path, command: tuple[str, ...]) -> None:
    said = call(*command, "--home", tmp_path)
    assert said.code == 1 and "this folder is no home" in said.err and "Traceback" not in said.err


def test_status_tells_what_there_is(call: Call, home: Option, demo: DemoHome) -> None:
    said = call("status", *home)
    found = call("status", *home, "--json").json
    assert said.code == 0
    assert found["profile"] == "expert" and found["key_id"] == demo.home.key_id
    assert found["release"]["number"] == 1 and found["server"] is None and found["running"] is None
    assert found["rounds"][0]["state"] == demo.summary["state"]
    read = sum(s["account"]["read"] for s in demo.summary["sources"].values())
    assert found["rounds"][0]["read"] == read
    assert found["tables"]["omop.note"] > 50 and all(count > 0 for count in found["vectors"].values())
    assert found["held_back"]["pacs"] == demo.summary["sources"]["pacs"]["account"]["reasons"]
    assert f"{found['tables']['omop.note']:,}" in said.out
    assert _broadest(said.out.replace(str(demo.home.path), "home")) <= WIDTH


def test_status_of_a_new_home(call: Call, tmp_path: Path) -> None:
    create_home(tmp_path / "home", Profile.SAFE_HARBOR, seed="empty")
    said = call("status", "--home", tmp_path / "home")
    assert said.code == 0 and "none yet" in said.out


def test_status_sees_a_running_round(call: Call, tmp_path: Path) -> None:
    from stores.lease import Lease

    made = create_home(tmp_path / "home", Profile.EXPERT, seed="empty")
    with Lease(made, "round"):
        said = call("status", "--home", made.path)
    assert "a round, process" in said.out
