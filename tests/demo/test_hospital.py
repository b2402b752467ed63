"""The hospital as a whole: the same every time, small, and in keeping with its own truth."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from contracts.errors import Fatal
from nightrounds.demo.hospital import Hospital, make_hospital


def _digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_two_makes_are_byte_identical(hospital: Hospital, tmp_path: Path) -> None:
    again = make_hospital(tmp_path / "again")
    assert _digests(again.root) == _digests(hospital.root)


def test_making_anew_over_an_earlier_one_leaves_nothing_behind(hospital: Hospital, tmp_path: Path) -> None:
    make_hospital(tmp_path, seed=8)
    (tmp_path / "night-1" / "ehr" / "stale.ndjson").write_text("{}\n")
    make_hospital(tmp_path, seed=7)
    assert _digests(tmp_path) == _digests(hospital.root)


def test_another_seed_makes_other_people(hospital: Hospital, tmp_path: Path) -> None:
    other = make_hospital(tmp_path, seed=8, nights=1)
    mrns = {h.seed: set(h.truth["identifiers_by_kind"]["mrn"]) for h in (hospital, other)}
    assert len(mrns[7] & mrns[8]) <= 2, "only the shared MRN and the future birth's are fixed"
    assert not (tmp_path / "night-2").exists()


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Fatal):
        make_hospital(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_three_nights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Fatal):
        make_hospital(tmp_path, nights=3)


def test_it_is_small(hospital: Hospital) -> None:
    assert sum(path.stat().st_size for path in hospital.root.rglob("*") if path.is_file()) < 15_000_000


def test_truth_on_disk_is_the_truth_returned_and_no_source_reads_it(hospital: Hospital) -> None:
    assert json.loads(hospital.truth_path.read_text(encoding="utf-8")) == hospital.truth
    for night in (1, 2):
        for source in hospital.sources_on(night):
            assert Path(source["location"]).exists(), f"{source['name']} has no night {night}"
            assert Path(source["location"]) not in hospital.truth_path.parents


def test_files_counted_are_files_written(hospital: Hospital) -> None:
    for night in (1, 2):
        for source in hospital.sources_on(night):
            place = Path(source["location"])
            written = 1 if place.is_file() else sum(path.is_file() for path in place.rglob("*"))
            assert hospital.truth["counts"][f"night-{night}"][source["name"]]["files"] == written


def test_the_cast_is_complete(hospital: Hospital) -> None:
    persons = hospital.truth["persons"]
    kinds = [{kind for _, _, kind in person["identities"]} for person in persons]
    assert len(persons) == 31
    assert sum("image" in kind for kind in kinds) == 24
    assert sum("variant" in kind for kind in kinds) == 22
    twins = [person for person in persons if "twin" in person["labels"]]
    assert len({person["birth"] for person in twins}) == 1
    assert (
        len({tuple(i for i in person["identities"] if i[2] == "record") for person in map(_frozen, twins)})
        == 2
    )
    shared = [person for person in persons if "shared_mrn" in person["labels"]]
    assert {person["identities"][0][0] for person in shared} == {"hospital-a", "hospital-b"}
    assert len({person["identities"][0][1] for person in shared}) == 1


def _frozen(person: dict[str, list[list[str]]]) -> dict[str, list[tuple[str, ...]]]:
    return {"identities": [tuple(identity) for identity in person["identities"]]}


def _components(rows: list[dict[str, str]]) -> set[frozenset[tuple[str, str]]]:
    """Connected identities by the crosswalk's rows, a later row overruling an earlier one."""
    edges: dict[frozenset[tuple[str, str]], str] = {}
    for row in rows:
        ends = ((row["authority_a"], row["identifier_a"]), (row["authority_b"], row["identifier_b"]))
        edges[frozenset(ends)] = row["action"]
    group = {end: {end} for edge in edges for end in edge}
    for edge, action in edges.items():
        if action == "link":
            merged = set().union(*(group[end] for end in edge))
            group.update(dict.fromkeys(merged, merged))
    return {frozenset(members) for members in group.values()}


@pytest.mark.parametrize("night", [1, 2])
def test_the_crosswalk_joins_exactly_the_true_persons(hospital: Hospital, night: int) -> None:
    with (hospital.root / f"night-{night}" / "crosswalk.csv").open(newline="") as file:
        joined = _components(list(csv.DictReader(file)))
    true = {frozenset(map(tuple, cluster)) for cluster in hospital.truth["clusters"][f"night-{night}"]}
    assert {c for c in true if len(c) > 1} == {c for c in joined if len(c) > 1}


def test_the_late_link_is_all_that_night_2_adds(hospital: Hospital) -> None:
    first, second = (
        (hospital.root / f"night-{n}" / "crosswalk.csv").read_text().splitlines() for n in (1, 2)
    )
    assert second[: len(first)] == first
    late = next(p for p in hospital.truth["persons"] if "late_link" in p["labels"])
    ids = {authority: identifier for authority, identifier, _ in late["identities"]}
    expected = f"hospital-a,{ids['hospital-a']},radiology,{ids['radiology']},link"
    assert second[len(first) :] == [expected]


def test_the_hero_has_records_images_and_variants(hospital: Hospital) -> None:
    hero = hospital.person(hospital.hero)
    assert {kind for _, _, kind in hero["identities"]} == {"record", "image", "variant"}
    assert {entry["night"] for entry in hero["timeline"]} == {1, 2}


def test_studies_lie_near_their_encounters(hospital: Hospital) -> None:
    from datetime import date

    studies = 0
    for person in hospital.truth["persons"]:
        encounters = (e for e in person["timeline"] if e["what"] == "encounter")
        seen = {e["id"]: date.fromisoformat(e["date"]) for e in encounters}
        for entry in (e for e in person["timeline"] if e["what"] == "study"):
            studies += 1
            assert 0 <= (date.fromisoformat(entry["date"]) - seen[entry["encounter"]]).days <= 3
    assert studies == 27


def test_identifiers_to_hunt_are_no_words_and_long_enough(hospital: Hospital) -> None:
    hunted = hospital.truth["identifiers"]
    assert all(len(text) >= 5 for text in hunted)
    assert not {text.lower() for text in hunted} & set(hospital.truth["common_word_names"])
    hero = hospital.person(hospital.hero)
    assert set(hero["identifiers"]) <= set(hunted)
