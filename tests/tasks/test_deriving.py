"""Derived tables follow from what is published, and are written only where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.schemas import LAKE, table_named
from stores.lake import Lake
from tasks import deriving
from tasks.deriving import DERIVED, derive_table, derived_tables
from tasks.mappings import OVERLAY_VARIABLE, Mapping, mappings


def publish(
    lake: Lake, table: str, rows: list[dict[str, Any]], round_no: int = 1, source: str = "ward"
) -> None:
    schema = table_named(table).schema
    full = pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row} for row in rows], schema=schema)
    owners = pa.array(range(1, len(rows) + 1), pa.int64())
    full = full.append_column("_owner", owners).append_column("_recipe", pa.array(["r"] * len(rows)))
    lake.replace(
        table, source, owners.to_pylist(), full.to_batches(), publish=(f"{source}:{table}", round_no)
    )


def patient(record: int, person: int, updated: datetime, **more: Any) -> dict[str, Any]:
    return {
        "record_id": record, "person_id": person, "updated_datetime": updated, "birth_date": date(1950, 1, 2),
        "birth_precision": "day", "year_of_birth": 1950, "gender_source_value": "female", **more,
    }  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_one_person_for_each_whatever_the_number_of_records(lake: Lake) -> None:
    old, new = datetime(2024, 1, 1), datetime(2024, 2, 1)
    rows = [patient(1, 7, old), patient(2, 7, new, gender_source_value="male"), patient(3, 8, old)]
    publish(lake, "records.patient", rows)
    derived = derive_table(lake, "omop.person", 1)
    assert derived is not None and derived.rows == 2 and derived.receipt.changed
    persons = {r["person_id"]: r for r in lake.read("omop.person").to_pylist()}
    assert persons.keys() == {7, 8}
    assert persons[7]["gender_source_value"] == "male", "the newest statement"


def test_each_element_is_the_newest_statement_of_it(lake: Lake) -> None:
    old, new = datetime(2024, 1, 1), datetime(2024, 2, 1)
    stated = {"race_concept_id": 8515, "race_source_value": "x", "location_id": 5, "care_site_id": 6}
    silent = {"gender_source_value": None, "birth_date": None, "birth_precision": None, "year_of_birth": None}
    rows = [
        patient(1, 7, old, **stated),
        patient(2, 7, new, **silent, ethnicity_source_value="N", provider_id=8),
    ]
    publish(lake, "records.patient", [*rows, patient(3, 9, new, **silent)])
    derive_table(lake, "omop.person", 1)
    [person] = lake.read("omop.person").to_pylist()
    assert (person["person_id"], person["gender_concept_id"], person["year_of_birth"]) == (7, 8532, 1950)
    assert (person["race_concept_id"], person["ethnicity_concept_id"]) == (8515, 38003564)
    assert (person["location_id"], person["care_site_id"], person["provider_id"]) == (5, 6, 8)
    assert (person["month_of_birth"], person["day_of_birth"]) == (1, 2)


def test_a_stated_concept_wins_over_the_source_value(lake: Lake) -> None:
    publish(lake, "records.patient", [patient(1, 7, datetime(2024, 1, 1), gender_concept_id=8507)])
    derive_table(lake, "omop.person", 1)
    [person] = lake.read("omop.person").to_pylist()
    assert (person["gender_concept_id"], person["gender_source_value"]) == (8507, "female")


def test_a_death_has_the_type_and_cause_that_its_source_states(lake: Lake) -> None:
    when = datetime(2024, 1, 1)
    cause = {"death_type_concept_id": 32815, "cause_concept_id": 378419, "cause_source_value": "26929004"}
    rows = [
        patient(1, 7, when, death_date=date(2020, 1, 1), **cause),
        patient(2, 8, when, death_date=date(2020, 1, 1)),
        patient(3, 9, when, death_date=date(2020, 1, 1), cause_source_value="old age"),
        patient(4, 10, when),
    ]
    publish(lake, "records.patient", rows)
    derive_table(lake, "omop.death", 1)
    names = ("death_type_concept_id", "cause_concept_id", "cause_source_value")
    found = {r["person_id"]: tuple(r[n] for n in names) for r in lake.read("omop.death").to_pylist()}
    assert found == {7: (32815, 378419, "26929004"), 8: (32817, None, None), 9: (32817, 0, "old age")}


def test_deriving_again_writes_nothing(lake: Lake) -> None:
    publish(lake, "records.patient", [patient(1, 7, datetime(2024, 1, 1))])
    derive_table(lake, "omop.person", 1)
    before = lake.version("omop.person")
    again = derive_table(lake, "omop.person", 2)
    assert again is not None and not again.receipt.changed
    assert lake.version("omop.person") == before


def test_nothing_is_computed_while_sources_stand(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compaction, a derived table's own commits and a table that is not read change nothing; everything else does."""
    computed: list[str] = []
    compute = deriving._computed

    def count(connection: Any, table: str, mapping: Mapping) -> Iterator[pa.RecordBatch]:
        computed.append(table)
        return compute(connection, table, mapping)

    monkeypatch.setattr(deriving, "_computed", count)
    for number in range(5):
        rows = [patient(1, 7, datetime(2024, 1, 1), zip3=f"02{number}")]
        publish(lake, "records.patient", rows, number + 1)
        derived = derive_table(lake, "omop.person", number)
        assert derived is not None and derived.receipt.changed == (number == 0), "the person stays the same"
    assert computed == ["omop.person"] * 5
    publish(lake, "records.patient", [patient(1, 8, datetime(2024, 1, 1))], 1, source="other")
    assert derive_table(lake, "omop.person", 6).receipt.changed  # type: ignore[union-attr]
    computed.clear()
    lake.compact("records.patient")
    lake.compact("omop.person")
    publish(lake, "omop.note", [], 1)
    for number in range(7, 10):
        again = derive_table(lake, "omop.person", number)
        assert again is not None and (again.rows, again.receipt.changed) == (2, False)
    assert computed == []


def test_other_sql_derives_anew(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(lake, "records.patient", [patient(1, 7, datetime(2024, 1, 1))])
    derive_table(lake, "omop.person", 1)
    (tmp_path / "overlay" / "derived").mkdir(parents=True)
    sql = mappings(DERIVED)["omop.person"].sql
    (tmp_path / "overlay" / "derived" / "omop.person.sql").write_text(f"{sql} AND person_id <> 7")
    monkeypatch.setenv(OVERLAY_VARIABLE, str(tmp_path / "overlay"))
    derive_table(lake, "omop.person", 2)
    assert lake.rows("omop.person") == 0


def test_a_table_that_comes_later_is_read(lake: Lake) -> None:
    publish(lake, "records.patient", [patient(1, 7, datetime(2024, 1, 1))])
    derive_table(lake, "omop.person", 1)
    derive_table(lake, "graph.node", 1)
    note = {
        "note_id": 3, "person_id": 7, "note_date": date(2020, 1, 1), "note_type_concept_id": 32817, "note_text": "x",
        "note_class_concept_id": 0, "encoding_concept_id": 32678, "language_concept_id": 0,
    }  # fmt: skip
    publish(lake, "omop.note", [note])
    nodes = derive_table(lake, "graph.node", 2)
    assert nodes is not None and nodes.rows == 2


def test_a_person_who_is_gone_is_derived_no_more(lake: Lake) -> None:
    rows = [patient(1, 7, datetime(2024, 1, 1)), patient(2, 8, datetime(2024, 1, 1))]
    publish(lake, "records.patient", rows)
    derive_table(lake, "omop.person", 1)
    lake.replace("records.patient", "ward", [1], [], publish=("ward:records.patient", 2))
    derive_table(lake, "omop.person", 2)
    assert lake.read("omop.person")["person_id"].to_pylist() == [8]


def test_a_table_without_sources_is_not_derived(lake: Lake) -> None:
    assert derive_table(lake, "omop.person", 1) is None
    assert lake.tables() == []


def test_the_graph_takes_what_is_not_there_yet_as_empty(lake: Lake) -> None:
    publish(lake, "records.patient", [patient(1, 7, datetime(2024, 1, 1))])
    derive_table(lake, "omop.person", 1)
    nodes = derive_table(lake, "graph.node", 1)
    assert nodes is not None and nodes.rows >= 1


def test_parents_come_first() -> None:
    order = derived_tables()
    assert {LAKE[name].derived for name in order} == {True}
    for name in order:
        for parent in set(LAKE[name].parents) & set(order):
            assert order.index(parent) < order.index(name), name


def test_a_table_that_stays_empty_is_not_computed_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(lake, "records.patient", [patient(1, 7, datetime(2024, 1, 1))])
    first = derive_table(lake, "omop.death", 1)
    assert first is not None and (first.rows, first.receipt.changed) == (0, False)
    monkeypatch.setattr(deriving, "_computed", None)
    again = derive_table(lake, "omop.death", 2)
    assert again is not None and (again.rows, again.receipt.changed) == (0, False)
