"""OMOP exports carried over: every row of the sample equal to its source but for what is de-identified."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.accounting import Account
from contracts.privacy import Profile
from contracts.schemas import LAKE
from contracts.schemas.omop import CDM
from contracts.schemas.omop_source import EVENTS, REFERS, TABLES
from stores import staging
from tasks.mappings import mappings
from tasks.workroom import save_sources
from tests.tasks.rooms import Room, make_room

ZIP = "data/omop-csv/Synthea27Nj_5.4.zip"
HIDDEN = {
    "visit_source_value": "UUIDs of encounters",
    "visit_detail_source_value": "UUIDs of encounters",
    "unique_device_id": "a device's identifier",
}
"""What the sample has in these columns may not come out."""
COUNTS = {
    "visit_occurrence": 1791,
    "visit_detail": 1791,
    "condition_occurrence": 470,
    "drug_exposure": 883,
    "measurement": 10040,
    "observation": 8099,
    "procedure_occurrence": 1649,
    "device_exposure": 1,
}

Row = dict[str, Any]


def plain_rows(archive: Path, table: str) -> list[dict[str, str]]:
    """A table of an export as Python's csv reads it."""
    with zipfile.ZipFile(archive) as opened, opened.open(f"{table.upper()}.csv") as raw:
        return list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline="")))


@dataclass
class Carried:
    """An export processed: rows by lake table and source table, in the order of the source, and the account."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    account: Account = field(default_factory=Account)


def carry(room: Room) -> Carried:
    """Survey and process all units; rows are named by the CDM table whose file they come from."""
    done = room.process()
    found = Carried()
    for one in done:
        found.account.merge(Account.from_json(one.account))
    for manifest in staging.manifests(room.work.home.staging, room.source.name):
        name = room.work.vault.path_of(manifest.unit).rpartition("/")[2]
        for table in manifest.tables:
            if table in LAKE:
                rows = [row for batch in manifest.batches(table) for row in batch.to_pylist()]
                found.rows[name.partition(".")[0].lower()] = sorted(rows, key=lambda row: int(row["_record"]))
    return found


@pytest.fixture(scope="module")
def archive(shared: Path) -> Path:
    return shared / ZIP


@pytest.fixture(scope="module")
def carried(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Carried:
    """The sample under `expert`."""
    room = make_room(tmp_path_factory.mktemp("omop"), "omop")
    room.source = replace(room.source, location=str(archive))
    save_sources(room.work.vault, [room.source])
    return carry(room)


@pytest.fixture(scope="module")
def plain(archive: Path) -> dict[str, list[dict[str, str]]]:
    tables = [*COUNTS, "person", "death", "provider", "observation_period"]
    return {table: plain_rows(archive, table) for table in tables}


@pytest.fixture(scope="module")
def keys(carried: Carried, plain: dict[str, list[dict[str, str]]]) -> dict[str, dict[str, int]]:
    """By table, the source's keys and the lake's: learned from the rows' order, held to be one for one."""
    found: dict[str, dict[str, int]] = {}
    for table, rows in plain.items():
        name = "record_id" if table in ("death", "observation_period", "person") else f"{table}_id"
        own = "person_id" if table in ("death", "person") else f"{table}_id"
        pairs = list(zip((row[own] for row in rows), (row[name] for row in carried.rows[table]), strict=True))
        found[table] = dict(pairs)
        assert len(set(found[table].values())) == len(pairs)
    found["subject"] = {
        source["person_id"]: row["person_id"]
        for source, row in zip(plain["person"], carried.rows["person"], strict=True)
    }
    return found


@pytest.fixture(scope="module")
def shifts(carried: Carried, plain: dict[str, list[dict[str, str]]]) -> dict[str, int]:
    """By person of the source, the days between the first visit there and here."""
    found: dict[str, int] = {}
    for source, row in zip(plain["visit_occurrence"], carried.rows["visit_occurrence"], strict=True):
        there = date.fromisoformat(source["visit_start_date"])
        found.setdefault(source["person_id"], (row["visit_start_date"] - there).days)
    return found


def test_source_codes_have_the_vocabulary_of_their_concept(
    archive: Path, carried: Carried, plain: dict[str, list[dict[str, str]]]
) -> None:
    known = {row["concept_id"]: row["vocabulary_id"] for row in plain_rows(archive, "concept")}
    told: Counter[str | None] = Counter()
    for table in COUNTS:
        column = f"{re.sub('_(occurrence|exposure)$', '', table)}_source_concept_id"
        expected = [known.get(row[column]) if row[column] != "0" else None for row in plain[table]]
        assert [row["source_vocabulary"] for row in carried.rows[table]] == expected, table
        told.update(expected)
    assert told["SNOMED"] > 1000 and told[None]


def test_every_row_is_there(carried: Carried, plain: dict[str, list[dict[str, str]]]) -> None:
    assert {table: len(carried.rows[table]) for table in COUNTS} == COUNTS
    assert {table: len(rows) for table, rows in plain.items()} == COUNTS | {
        "person": 28,
        "death": 3,
        "provider": 67,
        "observation_period": 28,
    }
    assert all(len(carried.rows[table]) == len(rows) for table, rows in plain.items())


def test_the_account_adds_up(carried: Carried, archive: Path) -> None:
    account = carried.account
    assert account.balanced
    assert account.fates["quarantined"] == 0, dict(account.reasons)
    assert account.fates["accepted"] == sum(COUNTS.values()) + 28 + 3 + 67 + 28
    assert account.types["unmapped:vocabulary"] == sum(
        len(plain_rows(archive, table)) for table in ("concept", "concept_relationship", "vocabulary")
    )
    assert account.types["unmapped:condition_era: derived anew"] == 469
    assert account.types["unmapped:stray-file"] == 1
    assert account.types["unmapped:CdmSource"] == 1
    assert account.read == account.fates["accepted"] + account.fates["unmapped"]


@pytest.mark.parametrize("table", COUNTS)
def test_every_row_of_an_event_table_is_its_source(
    table: str,
    carried: Carried,
    plain: dict[str, list[dict[str, str]]],
    keys: dict[str, dict[str, int]],
    shifts: dict[str, int],
) -> None:
    for source, row in zip(plain[table], carried.rows[table], strict=True):
        person = source["person_id"]
        expected = {
            column.name: _expected(table, column.name, column.type, source[column.name], keys, shifts[person])
            for column in CDM[table]
        }
        expected["person_id"] = keys["subject"][person]
        assert {name: row[name] for name in expected} == expected


def _expected(
    table: str, name: str, kind: Any, value: str, keys: dict[str, dict[str, int]], shift: int
) -> object:
    """What the lake must hold for a value of the source."""
    if value == "" or name == "person_id" or name in HIDDEN:
        return None
    if name == f"{table}_id" or name in REFERS:
        return keys[REFERS.get(name, table)][value]
    if name == "measurement_time":  # the sample has dates there
        return str(_moved(value, shift))
    if str(kind).startswith("date"):
        return _moved(value, shift)
    if str(kind).startswith("timestamp"):
        there = datetime.fromisoformat(value)
        return datetime.combine(_moved(value[:10], shift), there.time())
    if str(kind).startswith("int"):
        return int(value)
    return float(value) if str(kind) == "double" else value


def _moved(value: str, shift: int) -> date:
    return date.fromordinal(date.fromisoformat(value).toordinal() + shift)


def test_what_is_hidden_was_there(plain: dict[str, list[dict[str, str]]]) -> None:
    """Else equality would say nothing of it."""
    assert all(row["visit_source_value"] for row in plain["visit_occurrence"])
    assert plain["device_exposure"][0]["unique_device_id"]


def test_each_person_has_one_shift_of_their_own(shifts: dict[str, int]) -> None:
    assert len(shifts) == 28
    assert 0 not in shifts.values()
    assert len(set(shifts.values())) > 20


def test_persons_and_deaths_are_statements_about_one_person(
    carried: Carried,
    plain: dict[str, list[dict[str, str]]],
    keys: dict[str, dict[str, int]],
    shifts: dict[str, int],
) -> None:
    for source, row in zip(plain["person"], carried.rows["person"], strict=True):
        born = date(*(int(source[f"{part}_of_birth"]) for part in ("year", "month", "day")))
        assert row["birth_date"] == _moved(str(born), shifts[source["person_id"]])
        assert row["birth_precision"] == "day" and row["year_of_birth"] == row["birth_date"].year
        for name in ("gender_concept_id", "race_concept_id", "ethnicity_concept_id"):
            assert row[name] == int(source[name])
        for name in ("gender_source_value", "race_source_value", "ethnicity_source_value"):
            assert row[name] == source[name]
    for source, row in zip(plain["death"], carried.rows["death"], strict=True):
        assert row["person_id"] == keys["subject"][source["person_id"]]
        assert row["death_date"] == _moved(source["death_date"], shifts[source["person_id"]])
        assert row["death_type_concept_id"] == 38003566
        assert row["cause_concept_id"] == int(source["cause_concept_id"])
        assert row["cause_source_value"] == source["cause_source_value"]
    records = [row["record_id"] for table in ("person", "death") for row in carried.rows[table]]
    assert len(set(records)) == 31


def test_providers_keep_what_they_do_and_not_who_they_are(
    carried: Carried, plain: dict[str, list[dict[str, str]]]
) -> None:
    for source, row in zip(plain["provider"], carried.rows["provider"], strict=True):
        assert row["specialty_concept_id"] == int(source["specialty_concept_id"])
        assert row["specialty_source_value"] == source["specialty_source_value"]
        assert row["gender_concept_id"] == int(source["gender_concept_id"])
        assert source["provider_name"] not in json.dumps(row, default=str)


def test_nothing_of_the_sources_numbers_comes_out(carried: Carried, archive: Path) -> None:
    numbers = {row["person_source_value"] for row in plain_rows(archive, "person")}
    numbers |= {row["provider_source_value"] for row in plain_rows(archive, "provider")}
    numbers |= {row["visit_source_value"] for row in plain_rows(archive, "visit_occurrence")}
    told = set(
        re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", json.dumps(carried.rows, default=str))
    )
    assert len(numbers) == 28 + 67 + 1791
    assert not told


def test_each_mapping_names_a_table_of_the_lake() -> None:
    found = mappings("omop")
    assert set(found) <= set(LAKE)
    assert {f"omop.{table}" for table in EVENTS} <= set(found)
    assert {table for one in found.values() for table in one.source_tables} == set(TABLES)


# Made tables, for what the sample leaves empty


def write(folder: Path, name: str, header: str, *rows: str) -> None:
    (folder / name).write_text("\n".join([header, *rows]) + "\n")


def made(root: Path, profile: Profile = Profile.EXPERT) -> Room:
    """A room with two persons, of whom the first has a home."""
    room = make_room(root, "omop", profile)
    write(
        room.folder,
        "person.csv",
        "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,person_source_value,location_id",
        "1,8507,1931,4,9,MRN-7719023,5",
        "2,8532,1990,,,MRN-7719024,",
    )
    write(
        room.folder,
        "location.csv",
        "location_id,address_1,city,state,zip",
        "5,14 Larkspur Passage,Quillhaven,ma,02139",
        "6,1 Main Street,Elsewhere,??,99999-1234",
    )
    return room


def only(carried: Carried, table: str) -> Row:
    (row,) = carried.rows[table]
    return row


def test_notes_lose_what_the_export_knows_of_their_person(tmp_path: Path) -> None:
    room = made(tmp_path)
    text = "MRN-7719023 of 14 Larkspur Passage, Quillhaven. Born 1931-04-09. No fever"
    write(
        room.folder,
        "note.csv",
        "note_id,person_id,note_date,note_type_concept_id,note_class_concept_id,note_text,encoding_concept_id",
        f'1,1,2020-05-01,32817,0,"{text}\nsecond line",32678',
    )
    row = only(carry(room), "note")
    assert row["note_text"].endswith("No fever\nsecond line")
    for told in ("7719023", "Larkspur", "Quillhaven", "1931-04-09"):
        assert told not in row["note_text"]


@pytest.mark.parametrize("profile", Profile)
def test_places_keep_state_and_three_digits(profile: Profile, tmp_path: Path) -> None:
    room = made(tmp_path, profile)
    write(
        room.folder,
        "care_site.csv",
        "care_site_id,care_site_name,location_id,place_of_service_concept_id",
        "9,Dr Quillfeather MD,5,8756",
    )
    found = carry(room)
    first, second = found.rows["location"]
    assert (first["kind"], first["state"], first["zip3"], first["city"]) == ("location", "MA", "021", None)
    assert (second["state"], second["zip3"]) == (None, "999")
    site = only(found, "care_site")
    assert site["location_id"] == first["place_id"] == found.rows["person"][0]["location_id"]
    assert site["place_of_service_concept_id"] == 8756 and site["care_site_name"] is None


def test_safe_harbor_leaves_years_and_groups_great_ages(tmp_path: Path) -> None:
    room = made(tmp_path, Profile.SAFE_HARBOR)
    write(
        room.folder,
        "measurement.csv",
        "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,measurement_time",
        "1,2,3025315,2020-05-01,2020-05-01 10:20:30,10:20:30",
        "2,2,3025315,2020-05-02,,2020-05-02",
    )
    write(room.folder, "cohort.csv", "cohort_definition_id,subject_id,cohort_start_date", "3,2,2020-05-01")
    found = carry(room)
    assert [row["measurement_date"] for row in found.rows["measurement"]] == [date(2020, 1, 1)] * 2
    for row in found.rows["measurement"]:
        assert row["measurement_datetime"] is None and row["measurement_time"] is None
    assert [row["year_of_birth"] for row in found.rows["person"]] == [2024 - 90, 1990]
    assert [row["birth_precision"] for row in found.rows["person"]] == ["year", "year"]
    resource = json.loads(only(found, "cohort")["resource"])
    assert resource["cohort_start_date"] == "2020"
    assert resource["person_id"] == found.rows["person"][1]["person_id"]


def test_times_of_day_stay_under_expert(tmp_path: Path) -> None:
    room = made(tmp_path)
    write(
        room.folder,
        "measurement.csv",
        "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_time",
        "1,2,3025315,2020-05-01,10:20:30",
    )
    assert only(carry(room), "measurement")["measurement_time"] == "10:20:30"


def test_keys_to_many_tables_lead_to_the_table_that_is_told(tmp_path: Path) -> None:
    room = made(tmp_path)
    write(
        room.folder,
        "condition_occurrence.csv",
        "condition_occurrence_id,person_id,condition_concept_id,condition_start_date",
        "7,1,372328,2020-05-01",
    )
    write(
        room.folder,
        "measurement.csv",
        "measurement_id,person_id,measurement_date,measurement_event_id,meas_event_field_concept_id",
        "7,1,2020-05-01,7,1147127",
        "8,1,2020-05-01,7,1147138",
        "9,1,2020-05-01,7,999",
    )
    write(
        room.folder,
        "visit_occurrence.csv",
        "visit_occurrence_id,person_id,visit_start_date",
        "7,1,2020-05-01",
    )
    write(
        room.folder,
        "cost.csv",
        "cost_id,cost_event_id,cost_domain_id,total_paid",
        "1,7,Visit,12.5",
        "2,7.0,condition,",
    )
    found = carry(room)
    condition = only(found, "condition_occurrence")["condition_occurrence_id"]
    to_condition, to_itself, nowhere = (row["measurement_event_id"] for row in found.rows["measurement"])
    assert to_condition == condition
    assert to_itself == found.rows["measurement"][0]["measurement_id"]
    assert nowhere not in (None, to_condition, to_itself)
    of_visit, of_condition = found.rows["cost"]
    assert of_visit["cost_event_id"] == only(found, "visit_occurrence")["visit_occurrence_id"]
    assert of_condition["cost_event_id"] == condition
    assert (of_visit["total_paid"], of_condition["total_paid"]) == (12.5, None)


def test_what_has_no_table_is_kept_whole_without_words_of_nobody(tmp_path: Path) -> None:
    room = made(tmp_path)
    write(
        room.folder,
        "note_nlp.csv",
        "note_nlp_id,note_id,lexical_variant,nlp_date,offset",
        "1,4,Zebediah,2020-05-01,17",
    )
    write(
        room.folder,
        "fact_relationship.csv",
        "domain_concept_id_1,fact_id_1,domain_concept_id_2,fact_id_2,relationship_concept_id",
        "56,1,56,2,4248584",
    )
    found = carry(room)
    person, other = (row["person_id"] for row in found.rows["person"])
    family = only(found, "fact_relationship")
    assert family["person_id"] == person
    told = json.loads(family["resource"])
    assert (told["fact_id_1"], told["fact_id_2"], told["relationship_concept_id"]) == (person, other, 4248584)
    term = only(found, "note_nlp")
    assert "Zebediah" not in term["resource"] and json.loads(term["resource"])["offset"] == "17"
    assert found.account.types["unmapped:NoteNlp"] == 1


REJECTED = {
    "missing-key": "1,,3025315,2020-05-01,,",
    "missing-measurement-date": "1,1,3025315,,,",
    "impossible-date": "1,1,3025315,2020-02-30,,",
    "not-a-number": "1,1,3025315,2020-05-01,12;5,",
    "not-an-integer": "1,1,high,2020-05-01,12.5,",
    "ragged-row": "1,1,3025315,2020-05-01",
}


@pytest.mark.parametrize("reason", REJECTED)
def test_a_bad_row_is_held_back_and_the_others_go_on(reason: str, tmp_path: Path) -> None:
    room = made(tmp_path)
    header = (
        "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,unit_source_value"
    )
    write(room.folder, "measurement.csv", header, "2,1,3025315,2020-05-01,1.5,kg", REJECTED[reason])
    found = carry(room)
    assert dict(found.account.reasons) == {reason: 1}
    assert only(found, "measurement")["value_as_number"] == 1.5


def test_what_ends_before_it_begins_is_held_back(tmp_path: Path) -> None:
    room = made(tmp_path)
    header = "visit_occurrence_id,person_id,visit_start_date,visit_end_date"
    write(room.folder, "visit_occurrence.csv", header, "1,1,2020-05-02,2020-05-01", "2,1,2020-05-02,")
    found = carry(room)
    assert dict(found.account.reasons) == {"visit-ends-before-start": 1}
    row = only(found, "visit_occurrence")
    assert row["visit_end_date"] == row["visit_start_date"]
    assert row["visit_concept_id"] == 0 and row["visit_type_concept_id"] == 0


def test_columns_that_are_odd_are_counted(tmp_path: Path) -> None:
    room = made(tmp_path)
    write(
        room.folder, "episode_event.csv", "episode_id,event_id,episode_event_field_concept_id,ward", "1,2,3,x"
    )
    found = carry(room)
    warnings: Counter[str] = found.account.warnings
    assert warnings["unknown-column"] == 1
    assert warnings["absent-column"] == 4  # of the persons and locations


def test_one_row_under_two_authorities_is_two_and_a_renamed_file_is_the_same(tmp_path: Path) -> None:
    header = "visit_occurrence_id,person_id,visit_start_date"
    owners = []
    for folder, name, authority in (
        ("a", "visit_occurrence", "a"),
        ("b", "x_Visit_Occurrence_2024", "a"),
        ("c", "visit_occurrence", "c"),
    ):
        (tmp_path / folder).mkdir()
        room = made(tmp_path / folder)
        room.source = replace(room.source, authority=authority)
        save_sources(room.work.vault, [room.source])
        write(room.folder, f"{name}.csv", header, "1,1,2020-05-02")
        found = carry(room)
        owners.append(
            next(row["_owner"] for rows in found.rows.values() for row in rows if "visit_start_date" in row)
        )
    assert owners[0] == owners[1] != owners[2]


def test_a_damaged_member_is_held_back_and_the_others_go_on(tmp_path: Path) -> None:
    room = make_room(tmp_path, "omop")
    path = room.folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("note.csv", "note_id,person_id,note_date,note_text\n1,1,2020-05-01,spoiled\n")
        archive.writestr("person.csv", "person_id,gender_concept_id,year_of_birth\n1,8507,1990\n")
    path.write_bytes(path.read_bytes().replace(b"spoiled", b"spoilt!"))
    found = carry(room)
    assert dict(found.account.reasons) == {"corrupt-archive": 1}
    assert only(found, "person")["gender_concept_id"] == 8507
