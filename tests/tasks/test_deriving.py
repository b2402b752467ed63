"""Derived tables follow from what is published, and are written only where they differ."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.schemas import LAKE, table_named
from stores.lake import Lake
from tasks.deriving import derive_table, derived_tables


def _publish(lake: Lake, table: str, rows: list[dict[str, Any]], round_no: int = 1) -> None:
    schema = table_named(table).schema
    full = pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row} for row in rows], schema=schema)
    owners = pa.array(range(1, len(rows) + 1), pa.int64())
    full = full.append_column("_owner", owners).append_column("_recipe", pa.array(["r"] * len(rows)))
    lake.replace(table, "ward", owners.to_pylist(), full.to_batches(), publish=(f"ward:{table}", round_no))


def _patient(record: int, person: int, updated: datetime, **more: Any) -> dict[str, Any]:
    return {
        "record_id": record, "person_id": person, "updated_datetime": updated, "birth_date": date(1950, 1, 2),
        "birth_precision": "day", "year_of_birth": 1950, "gender_source_value": "female", **more,
    }  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_one_person_for_each_whatever_the_number_of_records(lake: Lake) -> None:
    old, new = datetime(2024, 1, 1), datetime(2024, 2, 1)
    rows = [_patient(1, 7, old), _patient(2, 7, new, gender_source_value="male"), _patient(3, 8, old)]
    _publish(lake, "records.patient", rows)
    derived = derive_table(lake, "omop.person", 1)
    assert derived is not None and derived.rows == 2 and derived.receipt.changed
    persons = {r["person_id"]: r for r in lake.read("omop.person").to_pylist()}
    assert persons.keys() == {7, 8}
    assert persons[7]["gender_source_value"] == "male", "the newest statement"


def test_deriving_again_writes_nothing(lake: Lake) -> None:
    _publish(lake, "records.patient", [_patient(1, 7, datetime(2024, 1, 1))])
    derive_table(lake, "omop.person", 1)
    before = lake.version("omop.person")
    again = derive_table(lake, "omop.person", 2)
    assert again is not None and not again.receipt.changed
    assert lake.version("omop.person") == before


def test_a_person_who_is_gone_is_derived_no_more(lake: Lake) -> None:
    rows = [_patient(1, 7, datetime(2024, 1, 1)), _patient(2, 8, datetime(2024, 1, 1))]
    _publish(lake, "records.patient", rows)
    derive_table(lake, "omop.person", 1)
    lake.replace("records.patient", "ward", [1], [], publish=("ward:records.patient", 2))
    derive_table(lake, "omop.person", 2)
    assert lake.read("omop.person")["person_id"].to_pylist() == [8]


def test_a_table_without_sources_is_not_derived(lake: Lake) -> None:
    assert derive_table(lake, "omop.person", 1) is None
    assert lake.tables() == []


def test_the_graph_takes_what_is_not_there_yet_as_empty(lake: Lake) -> None:
    _publish(lake, "records.patient", [_patient(1, 7, datetime(2024, 1, 1))])
    derive_table(lake, "omop.person", 1)
    nodes = derive_table(lake, "graph.node", 1)
    assert nodes is not None and nodes.rows >= 1


def test_parents_come_first() -> None:
    order = derived_tables()
    assert {LAKE[name].derived for name in order} == {True}
    for name in order:
        for parent in set(LAKE[name].parents) & set(order):
            assert order.index(parent) < order.index(name), name
