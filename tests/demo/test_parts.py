"""The demo's parts: its folder, the line of days, finding exports, counting pairs and identifiers."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Fatal
from nightrounds.demo.disguises import read_disguises
from nightrounds.demo.evaluation import Linkage
from nightrounds.demo.hospital import Hospital
from nightrounds.demo.night import deliver_night, prepare_folder
from nightrounds.demo.own_export import find_sources, recognise_kind
from nightrounds.demo.timeline import lay_out

DAY = dt.date(2023, 5, 1)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=12, unique=True), st.integers(-400, 400))
def test_a_shift_leaves_intervals_intact(days: list[int], shift: int) -> None:
    true = [DAY + dt.timedelta(days=d) for d in days]
    stops = lay_out({d + dt.timedelta(days=shift): ["visit"] for d in true}, true)
    assert all(stop.intact for stop in stops)
    assert [stop.position for stop in stops] == sorted(stop.position for stop in stops)
    assert stops[0].position == 0 and (len(stops) == 1 or stops[-1].position == pytest.approx(1))
    assert [s.true for s in stops] == sorted(true)


def test_an_interval_that_changed_shows() -> None:
    true = [DAY, DAY + dt.timedelta(days=10)]
    stops = lay_out({DAY: ["visit"], DAY + dt.timedelta(days=11): ["note", "note"]}, true)
    assert [stop.intact for stop in stops] == [True, False]
    assert (stops[1].days, stops[1].true_days, stops[1].kinds) == (11, 10, ("note",))


def test_true_dates_that_do_not_pair_are_left_out() -> None:
    stops = lay_out({DAY: ["visit"]}, [DAY, DAY + dt.timedelta(days=1)])
    assert [stop.true for stop in stops] == [None]


def test_the_folder_is_made_anew_and_nothing_else_is_removed(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "out", keep=False)
    (folder.home / "lake").mkdir(parents=True)
    folder.page.write_text("old")
    (folder.out / "notes.txt").write_text("mine")
    kept = prepare_folder(tmp_path / "out", keep=True)
    assert kept.page.exists() and kept.home.exists()
    fresh = prepare_folder(tmp_path / "out", keep=False)
    assert not fresh.page.exists() and not fresh.home.exists()
    assert (fresh.out / "notes.txt").read_text() == "mine"


def test_a_folder_that_is_no_demo_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for keep in (True, False):
        with pytest.raises(Fatal):
            prepare_folder(tmp_path, keep=keep)
    assert (tmp_path / "a").is_dir()


def test_exports_pile_up_and_the_crosswalk_does_not(hospital: Hospital, tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "out", keep=False)
    first = {s.name: s for s in deliver_night(hospital, folder, 1)}
    second = {s.name: s for s in deliver_night(hospital, folder, 2)}
    assert first["pacs"].location == second["pacs"].location
    assert first["crosswalk"].location != second["crosswalk"].location
    piled = [p for p in Path(second["pacs"].location).rglob("*") if p.is_file()]
    counts = hospital.truth["counts"]
    assert len(piled) == sum(counts[f"night-{n}"]["pacs"]["files"] for n in (1, 2))
    assert [s.authority for s in second.values()] == [s["authority"] for s in hospital.sources]


def test_exports_are_found_by_looking(hospital: Hospital, tmp_path: Path) -> None:
    night = hospital.root / "night-1"
    found = {source.kind: source for source in find_sources(night)}
    assert set(found) == {source["kind"] for source in hospital.sources} - {"crosswalk"}
    assert Path(found["vcf"].location) == (night / "lab").resolve()
    assert Path(found["dicom"].location) == (night / "pacs").resolve()
    assert Path(found["fhir"].location) == night.resolve(), "two folders of records: the one that holds both"
    image = next((night / "pacs").rglob("IM0001.dcm"))
    shutil.copy(image, tmp_path / "without-suffix")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    assert recognise_kind(tmp_path / "table.csv") is None
    (source,) = find_sources(tmp_path)
    assert (source.kind, Path(source.location).name) == ("dicom", "without-suffix")


def test_every_kind_of_records_is_recognised(hospital: Hospital) -> None:
    told = {
        s["name"]: s["kind"] for s in hospital.sources_on(1) if s["kind"] not in ("crosswalk", "dicom", "vcf")
    }
    for name, kind in told.items():
        found = find_sources(hospital.root / "night-1" / name)
        assert [source.kind for source in found] == [kind], name


def test_a_folder_without_exports_says_so(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir")
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Fatal):
            find_sources(place)


def test_the_disguises_are_what_arrived(hospital: Hospital) -> None:
    hero = hospital.person(hospital.hero)
    disguises = read_disguises(hospital)
    told = " ".join(value for disguise in disguises for _, value in disguise.lines)
    numbers = {identifier for _, identifier, _ in hero["identities"]}
    assert all(number in told for number in numbers)
    assert {disguise.known_as for disguise in disguises} == numbers
    assert len({disguise.format for disguise in disguises}) == 8
    assert "Thompson" in told and "rs80357914" in told


def test_precision_and_recall() -> None:
    measured = Linkage(1, 10, 0, 4, true_pairs=8, found_pairs=5, right_pairs=4)
    assert (measured.precision, measured.recall) == (0.8, 0.5)
    nothing = Linkage(1, 2, 0, 2, true_pairs=0, found_pairs=0, right_pairs=0)
    assert (nothing.precision, nothing.recall) == (1, 1)
