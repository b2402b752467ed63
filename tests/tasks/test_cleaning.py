"""Cleaning: what no record can say and be true is rejected with its reason, and nothing else is."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from connectors.registry import connector
from contracts.errors import Fatal
from contracts.schemas import REJECTED
from contracts.schemas.fhir import TABLES
from tasks.cleaning import Cleaned, clean

TODAY = date(2026, 11, 24)
_OWN = {"_record": 0, "_owner": 1, "_version": "", "_digest": 2}


def rows(table: str, *values: dict[str, Any]) -> pa.Table:
    empty = dict.fromkeys(TABLES[table].names)
    made = [{**empty, **_OWN, "_record": index, **value} for index, value in enumerate(values)]
    return pa.Table.from_pylist(made, schema=TABLES[table])


def reasons(cleaned: Cleaned) -> dict[int, tuple[str, str]]:
    listed = cleaned.rejected.to_pylist()
    return {row["_record"]: (row["reason"], row["where"]) for row in listed}


@pytest.mark.parametrize("kind", ["fhir", "hl7v2", "ccda"])
def test_deaths_without_a_date_are_kept_and_counted(kind: str) -> None:
    table = f"{kind}.patient"
    schema = connector(kind).tables[table]
    states: list[dict[str, Any]] = [
        {"deceased": True},
        {"deceased": True, "death_date": "2020"},
        {"deceased": False},
        {},
    ]
    blank: dict[str, Any] = {**dict.fromkeys(schema.names), "id": "1", "subject": "s"}
    kinds = pa.schema([pa.field(column.name, column.type) for column in schema])
    made = pa.Table.from_pylist([{**blank, **state} for state in states], schema=kinds)
    cleaned = clean(kind, table, made, TODAY)
    assert cleaned.accepted.num_rows == 4
    assert cleaned.warnings == {"deceased-without-date": 1}


def test_patients() -> None:
    good = [{"birth_date": "1950"}, {"birth_date": "1950-05-06", "death_date": "1950-05"}, {}]
    bad = [
        {"birth_date": "2023-02-30"},
        {"birth_date": "2027"},
        {"birth_date": "1950-05-06", "death_date": "1949-12-31T10:00:00"},
        {"death_date": "yesterday"},
        {"birth_date": "1950-13"},
    ]
    cleaned = clean("fhir", "fhir.patient", rows("fhir.patient", *good, *bad), TODAY)
    assert cleaned.accepted["_record"].to_pylist() == [0, 1, 2]
    assert reasons(cleaned) == {
        3: ("impossible-date", "birth_date"),
        4: ("birth-in-future", "birth_date"),
        5: ("death-before-birth", "death_date"),
        6: ("impossible-date", "death_date"),
        7: ("impossible-date", "birth_date"),
    }
    assert cleaned.rejected.schema == REJECTED
    assert json.loads(cleaned.rejected["payload"][0].as_py())["birth_date"] == "2023-02-30"


def test_without_today_the_future_is_not_judged() -> None:
    cleaned = clean("fhir", "fhir.patient", rows("fhir.patient", {"birth_date": "2027"}))
    assert cleaned.rejected.num_rows == 0


def visit(start: str | None, end: str | None = None, **more: Any) -> dict[str, Any]:
    timed = {
        "start_datetime": start if start and "T" in start else None,
        "end_datetime": end if end and "T" in end else None,
    }
    return {"subject": "a\x1ffhir\x1fp", "start_date": start, "end_date": end, **timed, **more}


def test_visits() -> None:
    table = rows(
        "fhir.encounter",
        visit("2020-01-01"),
        visit("2020-01-01T10:00:00", "2020-01-01T09:30:00"),  # the night in which clocks go back
        visit("2020-01", "2020-01-15"),
        visit("2027-01-01"),
        visit("2020-01-01", subject=None),
        visit(None),
        visit("2020-01-02", "2020-01-01"),
        visit("2020-01-01T10:00:00", "2020-01-01T08:59:59"),
        visit("2020-01-01", status="entered-in-error"),
        visit("2020-01-01T25:00:00"),
    )
    cleaned = clean("fhir", "fhir.encounter", table, TODAY)
    assert cleaned.accepted["_record"].to_pylist() == [0, 1, 2, 3]
    assert {record: reason for record, (reason, _) in reasons(cleaned).items()} == {
        4: "missing-subject",
        5: "missing-start-date",
        6: "visit-ends-before-start",
        7: "visit-ends-before-start",
        8: "entered-in-error",
        9: "impossible-date",
    }
    assert cleaned.warnings == {"visit-starts-in-future": 1}


def test_conditions() -> None:
    about = {"subject": "a\x1ffhir\x1fp"}
    table = rows(
        "fhir.condition",
        {**about, "recorded_date": "2020-01-01"},
        {**about, "onset_date": "2020", "abatement_date": "2020-03-01"},
        {**about, "onset_date": "2020-03-02", "abatement_date": "2020-03-01"},
        {**about},
        {**about, "onset_date": "2020", "verification_status": "refuted"},
    )
    cleaned = clean("fhir", "fhir.condition", table, TODAY)
    assert {record: reason for record, (reason, _) in reasons(cleaned).items()} == {
        2: "condition-ends-before-start",
        3: "missing-date",
        4: "refuted-condition",
    }


def test_notes() -> None:
    about = {"subject": "a\x1ffhir\x1fp", "authored_date": "2020-01-01"}
    table = rows("fhir.document_reference", {**about, "text": "x"}, {**about, "text": " \n"}, {**about})
    cleaned = clean("fhir", "fhir.document_reference", table, TODAY)
    assert {record: reason for record, (reason, _) in reasons(cleaned).items()} == {
        1: "missing-text",
        2: "missing-text",
    }


def test_rows_are_neither_lost_nor_doubled() -> None:
    table = rows("fhir.encounter", *[visit(None if i % 3 else "2020-01-01") for i in range(100)])
    cleaned = clean("fhir", "fhir.encounter", table, TODAY)
    kept = cleaned.accepted["_record"].to_pylist() + cleaned.rejected["_record"].to_pylist()
    assert sorted(kept) == list(range(100))
    assert clean("fhir", "fhir.encounter", table.slice(0, 0), TODAY).accepted.num_rows == 0


def test_other_resources_need_no_rules() -> None:
    table = rows("fhir.other", {"record_type": "Location", "resource": "{}"})
    assert clean("fhir", "fhir.other", table, TODAY).accepted.equals(table)


def test_a_connectors_own_faults_are_fatal() -> None:
    table = rows("fhir.patient", {})
    with pytest.raises(Fatal, match=r"fhir\.patient\.gender"):
        clean("fhir", "fhir.patient", table.drop_columns(["gender"]), TODAY)
    wrong = table.set_column(1, "_owner", pa.array(["x"]))
    with pytest.raises(Fatal, match="_owner"):
        clean("fhir", "fhir.patient", wrong, TODAY)
    with pytest.raises(Fatal, match="no such table"):
        clean("fhir", "fhir.nothing", table, TODAY)
