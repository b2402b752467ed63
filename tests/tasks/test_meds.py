"""The lake as MEDS: what becomes of which row, and that a night writes what changed and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from meds.schema import CodeMetadataSchema, DataSchema, DatasetMetadataSchema, SubjectSplitSchema

from contracts.errors import Fatal, Usage
from contracts.privacy import Profile
from stores.meds import MedsStore
from tasks.mappings import OVERLAY_VARIABLE
from tasks.meds import sorting, splitting
from tasks.meds.checking import check_meds
from tasks.meds.naming import Naming
from tasks.meds.options import MedsOptions
from tasks.meds.sorting import SlicedSort
from tasks.meds.splitting import count_parts, place_subjects
from tests.tasks.meds_lake import KEY, Hospital, condition, measurement, visit, ward


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ward(tmp_path_factory.mktemp("ward")).root


@pytest.fixture
def hospital(built: Path, tmp_path: Path) -> Hospital:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return Hospital(tmp_path, rounds=5)


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Which files there are, and whether one was written anew."""
    paths = [p for p in folder.rglob("*") if p.is_file() and p.name != "lock"]
    return {p.relative_to(folder).as_posix(): (p.stat().st_mtime_ns, p.stat().st_ino) for p in paths}


def _bytes(folder: Path) -> dict[str, bytes]:
    paths = [p for p in folder.rglob("*") if p.is_file() and ".nightrounds" not in p.parts]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}


def _shards(names: Iterable[str], bucket: int) -> set[str]:
    return {n for n in names if n.startswith("data/") and Path(n).stem.startswith(f"{bucket}-")}


def test_the_events_of_a_person_in_order(hospital: Hospital) -> None:
    hospital.export()
    rows = [(r["time"], r["code"], r["numeric_value"], r["unit"]) for r in hospital.rows(subject_id=102)]
    assert rows == [
        (None, "Gender//F", None, None),
        (None, "UNKNOWN_RACE//other", None, None),
        (datetime(1950, 3, 4), "MEDS_BIRTH", None, None),
        (datetime(2020, 5, 6, 8), "ADMISSION//Visit//IP", None, None),
        (datetime(2020, 5, 7), "SNOMED//38341003", None, None),
        (datetime(2020, 5, 7, 6), "LOINC//718-7", 13.5, "g/dL"),
        (datetime(2020, 5, 9, 10, 30), "DISCHARGE//Visit//IP", None, None),
        (datetime(2021, 1, 1), "MEDS_DEATH", None, None),
        (datetime(2021, 1, 1), "DEATH_CAUSE//UNKNOWN//I21", None, None),
    ]
    result = hospital.rows(subject_id=102, code="LOINC//718-7")[0]
    assert (result["visit_id"], result["table"], result["source_code"]) == (
        1020,
        "measurement",
        "LOINC//718-7",
    )


def test_the_standards_own_validation(hospital: Hospital) -> None:
    hospital.export()
    root = hospital.root / "meds"
    shards = sorted((root / "data").rglob("*.parquet"))
    assert {path.parent.name for path in shards} == {"train", "tuning", "held_out"}
    for path in shards:
        DataSchema.validate(pq.read_table(path))
        wanted = DataSchema.schema()
        assert pq.read_schema(path).names[: len(wanted)] == wanted.names
        assert [pq.read_schema(path).field(f.name).type for f in wanted] == [f.type for f in wanted]
    CodeMetadataSchema.validate(pq.read_table(root / "metadata/codes.parquet"))
    SubjectSplitSchema.validate(pq.read_table(root / "metadata/subject_splits.parquet"))
    DatasetMetadataSchema.validate(json.loads((root / "metadata/dataset.json").read_text()))
    checked = check_meds(root)
    assert checked.findings == [] and checked.subjects == 30 and checked.events == 30 * 7 + 2


def test_other_readers_load_it(hospital: Hospital, tmp_path: Path) -> None:
    export = hospital.export()
    frame = pl.read_parquet(tmp_path / "meds/data/*/*.parquet")
    assert frame.height == export.events and frame.schema["numeric_value"] == pl.Float32
    program = Path(sys.executable).parent / "meds_reader_convert"
    subprocess.run(
        [program, tmp_path / "meds", tmp_path / "database"], check=True, capture_output=True, timeout=120
    )
    import meds_reader

    with meds_reader.SubjectDatabase(str(tmp_path / "database")) as database:
        assert len(database) == 30
        assert [e.code for e in database[101].events] == [r["code"] for r in hospital.rows(subject_id=101)]


def test_every_code_is_in_the_table_of_codes(hospital: Hospital) -> None:
    hospital.export()
    codes = hospital.codes()
    assert codes.keys() == {row["code"] for row in hospital.rows()} and list(codes) == sorted(codes)
    admission = codes["ADMISSION//Visit//IP"]
    assert admission["parent_codes"] == ["Visit//IP"]
    assert (admission["description"], admission["concept_id"]) == ("Admission: Inpatient Visit", 9201)
    assert codes["SNOMED//38341003"]["description"] == "Hypertension"


def test_a_code_is_described_by_the_words_that_it_most_often_comes_with(hospital: Hospital) -> None:
    words = ["a rare word", *["High blood pressure"] * 3, "b", None, None, None, None]
    rows = [condition(n, 100 + n, date(2020, 1, 1), source_display=word) for n, word in enumerate(words)]
    hospital.publish("omop.condition_occurrence", rows)
    hospital.export()
    assert hospital.codes()["SNOMED//38341003"]["description"] == "High blood pressure"


def test_what_has_no_standard_concept_has_the_sources_code(hospital: Hospital) -> None:
    day = date(2020, 1, 1)
    rows = [
        condition(1, 100, day, condition_concept_id=316866),
        condition(2, 100, day, "I10", source_vocabulary="ICD10CM"),
        condition(3, 100, day, "X 1", source_vocabulary=None),
        condition(4, 100, day, condition_source_value=None, source_display="high blood pressure"),
        condition(5, 100, day, "7", source_vocabulary="http://hospital.example/codes"),
    ]
    hospital.publish("omop.condition_occurrence", rows)
    hospital.export()
    found = hospital.rows(subject_id=100, table="condition_occurrence")
    assert [(r["code"], r["text_value"], r["source_code"]) for r in found] == [
        ("OMOP_CONCEPT//316866", None, "SNOMED//38341003"),
        ("ICD10CM//I10", None, "ICD10CM//I10"),
        ("UNKNOWN//X 1", None, "UNKNOWN//X 1"),
        ("UNCODED//CONDITION", "high blood pressure", None),
        ("http://hospital.example/codes//7", None, "http://hospital.example/codes//7"),
    ]
    assert hospital.codes()["OMOP_CONCEPT//316866"]["concept_id"] == 316866


class _Vocabularies:
    """Knows two concepts."""

    digest = "d"

    def describe(self, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        known = {
            316866: {"vocabulary": "SNOMED", "code": "38341003", "name": "Hypertensive disorder"},
            45884084: {"vocabulary": "LOINC", "code": "LA6576-8", "name": "Positive"},
        }
        return {concept: known[concept] for concept in ids if concept in known}


def test_concepts_have_their_names_once_a_vocabulary_is_loaded(hospital: Hospital) -> None:
    hospital.publish(
        "omop.condition_occurrence", [condition(1, 100, date(2020, 1, 1), "I10", condition_concept_id=316866)]
    )
    value = {"value_as_concept_id": 45884084, "value_source_value": "POS", "unit_source_value": None}
    hospital.publish("omop.measurement", [measurement(1, 100, datetime(2020, 1, 1), None, **value)])
    hospital.export()
    assert hospital.rows(table="measurement")[0]["text_value"] == "POS"
    hospital.naming = Naming(_Vocabularies())  # type: ignore[arg-type]
    assert hospital.export().changed
    assert hospital.rows(table="condition_occurrence")[0]["code"] == "SNOMED//38341003"
    assert hospital.codes()["SNOMED//38341003"]["description"] == "Hypertensive disorder"
    assert hospital.rows(table="measurement")[0]["text_value"] == "Positive"


VALUES: list[tuple[float | None, dict[str, Any], float | None, str | None, str | None]] = [
    (13.5, {"value_source_value": "13.5"}, 13.5, None, "g/dL"),
    (0.5, {"value_source_value": "<0.5", "operator_concept_id": 4171756}, 0.5, "<0.5", "g/dL"),
    (0.5, {"value_source_value": "0.5", "operator_concept_id": 4172703}, 0.5, None, "g/dL"),
    (None, {"value_source_value": "trace", "unit_source_value": None}, None, "trace", None),
    (1e300, {}, None, None, "g/dL"),  # more than 32 bits hold
    (float("nan"), {}, None, None, "g/dL"),
    (-1.25, {"unit_source_value": "furlong"}, -1.25, None, "furlong"),
    (7.0, {"unit_source_value": None, "unit_concept_id": 8713}, 7.0, None, "g/dL"),
]


def test_values(hospital: Hospital) -> None:
    rows = [
        measurement(n, 100 + n, datetime(2020, 1, 1), value, **more)
        for n, (value, more, *_) in enumerate(VALUES)
    ]
    hospital.publish("omop.measurement", rows)
    hospital.export()
    found = {r["subject_id"] - 100: r for r in hospital.rows(table="measurement")}
    for number, (_, _, *expected) in enumerate(VALUES):
        row = found[number]
        assert [row["numeric_value"], row["text_value"], row["unit"]] == expected, number


def test_a_visit_without_a_stated_end_has_no_discharge(hospital: Hospital) -> None:
    start = datetime(2020, 1, 1, 9)
    dated = {"visit_start_datetime": None, "visit_end_datetime": None}
    rows = [
        visit(1, 100, start, start),
        visit(2, 101, start, datetime(2020, 1, 1, 10)),
        visit(3, 102, start, datetime(2020, 1, 3), **dated),
        visit(4, 103, start, start, discharged_to_source_value="home", **dated),
    ]
    hospital.publish("omop.visit_occurrence", rows)
    hospital.export()
    found = {
        r["subject_id"]: (r["time"], r["text_value"]) for r in hospital.rows(code="DISCHARGE//Visit//IP")
    }
    assert found == {
        101: (datetime(2020, 1, 1, 10), None),
        102: (datetime(2020, 1, 3), None),
        103: (datetime(2020, 1, 1), "home"),
    }


def test_a_part_of_a_visit_is_a_transfer_where_it_tells_something_new(hospital: Hospital) -> None:
    def part(number: int, start: datetime, concept: int) -> dict[str, Any]:
        return {
            "visit_detail_id": number, "visit_occurrence_id": 1000, "person_id": 100,
            "visit_detail_concept_id": concept,
            "visit_detail_start_date": start.date(), "visit_detail_start_datetime": start,
            "visit_detail_end_date": start.date(), "visit_detail_type_concept_id": 32817,
        }  # fmt: skip

    begin = datetime(2020, 5, 6, 8)
    rows = [part(1, begin, 9201), part(2, begin, 9203), part(3, datetime(2020, 5, 7, 1), 9201)]
    hospital.publish("omop.visit_detail", rows)
    hospital.export()
    found = [(r["time"], r["code"]) for r in hospital.rows(table="visit_detail")]
    assert found == [(begin, "TRANSFER//Visit//ER"), (datetime(2020, 5, 7, 1), "TRANSFER//Visit//IP")]


def test_notes_images_and_samples_by_choice(hospital: Hospital) -> None:
    note = {
        "note_id": 5, "person_id": 100, "note_date": date(2020, 5, 7), "note_type_concept_id": 0, "note_text": "Seen.",
        "note_class_concept_id": 0, "note_title": "Progress note", "note_source_value": "11506-3",
        "encoding_concept_id": 0, "language_concept_id": 0, "visit_occurrence_id": 1000,
    }  # fmt: skip
    study = {
        "study_id": 6, "person_id": 101, "study_date": date(2020, 5, 8), "modalities": ["SR", "CT"],
        "number_of_series": 2, "number_of_instances": 40,
    }  # fmt: skip
    hospital.publish("omop.note", [note])
    hospital.publish("imaging.study", [study, {**study, "study_id": 7, "person_id": None}])
    samples = [{"file_id": f, "sample_index": 0, "sample_id": 8, "person_id": 102} for f in (1, 2)]
    hospital.publish("genomics.sample", samples)
    before = hospital.export().events
    assert not {"note", "imaging.study", "genomics.sample"} & {r["table"] for r in hospital.rows()}
    hospital.options = MedsOptions(notes=True, images=True, variants=True)
    assert hospital.export().events == before + 3, (
        "an image without a person is nobody's, a sample in two files is one"
    )
    [row] = hospital.rows(table="note")
    assert (row["code"], row["text_value"], row["join_id"]) == ("NOTE//UNKNOWN//11506-3", "Seen.", 5)
    [row] = hospital.rows(table="imaging.study")
    assert (row["code"], row["time"], row["numeric_value"]) == (
        "IMAGING_STUDY//DCM//CT+SR",
        datetime(2020, 5, 8),
        40,
    )
    [row] = hospital.rows(table="genomics.sample")
    assert (row["code"], row["time"], row["join_id"]) == ("GENOMIC_SAMPLE", None, 8)
    assert check_meds(hospital.root / "meds").findings == []


def test_counts_by_code_equal_those_of_the_lake(hospital: Hospital) -> None:
    codes = ["a", "b", "c", "a", "a", "b"]
    rows = [condition(n, 100 + n % 3, date(2020, 1, 1 + n), code) for n, code in enumerate(codes)]
    hospital.publish("omop.condition_occurrence", rows)
    hospital.export()
    expected = Counter(f"SNOMED//{code}" for code in codes)
    assert Counter(r["code"] for r in hospital.rows(table="condition_occurrence")) == expected


def test_a_quiet_night_writes_nothing(hospital: Hospital) -> None:
    first = hospital.export()
    before = _files(hospital.root / "meds")
    again = hospital.export()
    assert first.changed and not again.changed and _files(hospital.root / "meds") == before
    assert (again.shards, again.subjects, again.events) == (first.shards, first.subjects, first.events)


def test_only_the_shards_of_changed_rows_are_written(hospital: Hospital) -> None:
    hospital.export()
    before = _files(hospital.root / "meds")
    rows = [
        condition(p * 10, p, date(2020, 5, 7), "new" if p == 101 else "38341003") for p in range(100, 130)
    ]
    hospital.publish("omop.condition_occurrence", rows)
    done = hospital.export()
    after = _files(hospital.root / "meds")
    changed = {name for name, told in after.items() if before.get(name) != told and name.startswith("data/")}
    split = hospital.splits()[101]
    assert changed == {f"data/{split}/{101 % 3}-0.parquet"} and done.written == 1
    assert "SNOMED//new" in hospital.codes()


def test_files_that_are_joined_in_the_lake_change_nothing(hospital: Hospital) -> None:
    for number in range(5):  # a file a night
        rows = [condition(n, 100, date(2020, 5, 7), f"c{n}") for n in range(number + 1)]
        hospital.publish("omop.condition_occurrence", rows)
    hospital.export()
    before = {
        n: t for n, t in _files(hospital.root / "meds").items() if n.startswith(("data/", "metadata/codes"))
    }
    hospital.lake.compact("omop.condition_occurrence")
    hospital.export()
    after = _files(hospital.root / "meds")
    assert {name: after[name] for name in before} == before


def test_who_is_removed_is_gone_the_same_night(hospital: Hospital) -> None:
    hospital.export()
    gone = 100
    for table, rows in _without(hospital, gone).items():
        hospital.publish(table, rows)
    done = hospital.export()
    assert done.subjects == 29 and gone not in hospital.splits() and hospital.rows(subject_id=gone) == []
    assert check_meds(hospital.root / "meds").findings == []


def _without(hospital: Hospital, person_id: int) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table in hospital.lake.tables():
        columns = [name for name in hospital.lake.schema(table).names if not name.startswith("_")]
        rows = hospital.lake.read(table, columns=columns).to_pylist()
        found[table] = [row for row in rows if row["person_id"] != person_id]
    return found


def test_the_last_person_of_a_shard_takes_it_along(hospital: Hospital) -> None:
    hospital.export()
    kept = [p for p in range(100, 130) if p % 3 != 2]
    for table, rows in _without(hospital, -1).items():
        hospital.publish(table, [row for row in rows if row["person_id"] in kept])
    done = hospital.export()
    assert done.removed > 0 and _shards(_files(hospital.root / "meds"), 2) == set()
    assert hospital.splits().keys() == set(kept) and check_meds(hospital.root / "meds").findings == []


def test_nights_give_what_one_export_gives(hospital: Hospital) -> None:
    for number in range(3):
        hospital.export()
        rows = [
            measurement(n, 100 + n, datetime(2020, 1, 1 + number), n + number)
            for n in range(10 * (number + 1))
        ]
        hospital.publish("omop.measurement", rows)
    hospital.export()
    hospital.export("fresh")
    assert _bytes(hospital.root / "meds") == _bytes(hospital.root / "fresh")


@pytest.mark.parametrize("bucket", [0, 2])
def test_an_export_that_breaks_off_is_mended_by_the_next(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, bucket: int
) -> None:
    hospital.export()
    hospital.publish(
        "omop.measurement", [measurement(p, p, datetime(2021, 1, 1), 1.0) for p in range(100, 130)]
    )
    keep = MedsStore.keep

    def break_off(self: MedsStore, number: int, *rest: Any) -> None:
        if number == bucket:
            raise OSError("no space left")
        keep(self, number, *rest)

    monkeypatch.setattr(MedsStore, "keep", break_off)
    with pytest.raises(OSError, match="no space"):
        hospital.export()
    findings = check_meds(hospital.root / "meds").findings
    assert ("metadata", "metadata/dataset.json") in {(f.rule, f.where) for f in findings}, (
        "it says that it is not whole"
    )
    monkeypatch.undo()
    hospital.export()
    hospital.export("fresh")
    assert _bytes(hospital.root / "meds") == _bytes(hospital.root / "fresh")


@pytest.mark.parametrize("damage", ["shard", "codes", "dataset", "state"])
def test_what_is_missing_is_made_again(hospital: Hospital, damage: str) -> None:
    hospital.export()
    root = hospital.root / "meds"
    whole = _bytes(root)
    names = {
        "codes": "metadata/codes.parquet",
        "dataset": "metadata/dataset.json",
        "state": ".nightrounds/2.json",
    }
    path = root / names[damage] if damage in names else min((root / "data").rglob("*.parquet"))
    path.unlink()
    assert hospital.export().changed == (damage != "state")
    assert _bytes(root) == whole


def test_a_site_adds_a_kind_of_event(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "overlay" / "meds"
    folder.mkdir(parents=True)
    monkeypatch.setenv(OVERLAY_VARIABLE, str(folder.parent))
    hospital.export()
    (folder / "episode.sql").write_text(
        "-- source: omop.episode\nSELECT person_id AS subject_id, episode_start_date::TIMESTAMP AS time, 70 AS rank,\n"
        "episode_id AS row_id, 'EPISODE' AS code, 'episode' AS \"table\" FROM omop.episode\n"
    )
    hospital.publish(
        "omop.episode",
        [{"episode_id": 1, "person_id": 100, "episode_concept_id": 0, "episode_start_date": date(2020, 1, 1),
          "episode_object_concept_id": 0, "episode_type_concept_id": 0}],
    )  # fmt: skip
    hospital.export()
    assert [r["subject_id"] for r in hospital.rows(code="EPISODE")] == [100]
    (folder / "episode.sql").write_text(
        "-- source: omop.episode\nSELECT person_id / 'x' AS subject_id FROM omop.episode"
    )
    with pytest.raises(Fatal, match="the events cannot be made") as caught:
        hospital.export()
    assert "'x'" not in str(caught.value)


def test_a_table_that_is_not_clustered_by_person_is_refused(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "overlay" / "meds"
    folder.mkdir(parents=True)
    monkeypatch.setenv(OVERLAY_VARIABLE, str(folder.parent))
    (folder / "call.sql").write_text("-- source: records.ledger\nSELECT 1 AS subject_id FROM records.ledger")
    ledger = {"unit": "u", "record_type": "t", "version": "1", "digest": 1, "fate": "accepted"}
    hospital.publish("records.ledger", [ledger], owners=[7])
    with pytest.raises(Fatal, match="not clustered by person"):
        hospital.export()


@pytest.mark.parametrize("profile", list(Profile))
def test_the_data_set_says_what_a_time_means(hospital: Hospital, tmp_path: Path, profile: Profile) -> None:
    hospital.profile = profile
    hospital.export()
    told = json.loads((tmp_path / "meds/metadata/dataset.json").read_text())
    assert told["privacy_profile"] == profile.value and ("year" in told["time_means"]) == (
        profile is Profile.SAFE_HARBOR
    )
    assert told["created_at"] == "2024-01-02T03:04:05+00:00" and told["meds_version"].startswith("0.4")


def test_a_split_stays_when_persons_come(tmp_path: Path) -> None:
    few, many = np.arange(1000, 1200), np.arange(1000, 41_000)
    options = MedsOptions(tuning=0.2, held_out=0.1)
    first, second = place_subjects(KEY, few, options, 1), place_subjects(KEY, many, options, 1)
    assert first.tolist() == second[:200].tolist()
    assert np.bincount(second, minlength=3) / len(many) == pytest.approx([0.7, 0.2, 0.1], abs=0.01)
    less = place_subjects(KEY, many, MedsOptions(tuning=0.1, held_out=0.1), 1)
    assert ((second == 2) == (less == 2)).all(), "who is held out stays so"
    assert (place_subjects(KEY, many, options, 4) // 4 == second).all(), "however many shards there are"


def test_shares_that_are_none_are_refused() -> None:
    for tuning, held_out in ((0.6, 0.5), (-0.1, 0.1), (0.1, float("nan"))):
        with pytest.raises(Usage, match="no shares"):
            MedsOptions(tuning=tuning, held_out=held_out)


def test_large_buckets_have_several_shards(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [
        count_parts(rows, 8, before) for rows, before in ((100, 0), (17_000_000, 0), (17_000_000, 1), (0, 4))
    ] == [1, 2, 1, 4]
    monkeypatch.setattr(splitting, "_SHARD_ROWS", 2)
    done = hospital.export()
    names = [path.stem for path in (hospital.root / "meds" / "data").rglob("*.parquet")]
    assert done.shards > 12 and any(not name.endswith("-0") for name in names)
    assert check_meds(hospital.root / "meds").findings == []
    assert not hospital.export().changed


def test_what_does_not_fit_into_memory_is_sorted_on_disk(
    hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.export("whole")
    loaded: list[Path] = []
    path_of = SlicedSort._path

    def watch(self: SlicedSort, number: int) -> Path:
        loaded.append(path_of(self, number))
        return loaded[-1]

    monkeypatch.setattr(sorting, "SLICE_BYTES", 2_000)
    monkeypatch.setattr(sorting, "_SPREAD_BYTES", 3_000)
    monkeypatch.setattr(SlicedSort, "_path", watch)
    hospital.export()
    assert len(set(loaded)) > 6 and not loaded[0].exists()
    assert not (tmp_path / "meds/.nightrounds/new").exists()
    assert _bytes(tmp_path / "meds") == _bytes(tmp_path / "whole"), "the same in the same order"
