"""Ages over 89 told as values: grouped in events, in OMOP's own tables and in resources, and nothing else is."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pyarrow as pa
import pytest

from contracts.privacy import Profile
from contracts.schemas import LAKE
from contracts.schemas.events import EVENT
from tasks.concepts import NoVocabulary
from tasks.deidentification.age_values import (
    age_codes,
    group_omop_ages,
    group_resource_ages,
    group_text,
    group_unmapped_ages,
)
from tasks.standardising import map_events
from tests.tasks.deidentification.test_resource import clean

_OWN = [("_record", pa.int64()), ("_owner", pa.int64()), ("_version", pa.string()), ("_digest", pa.int64())]
_SCHEMA = pa.schema([*EVENT, *(pa.field(name, kind) for name, kind in _OWN)])
_EVENT = {
    "event_id": 1,
    "person_id": 1,
    "domain": "Measurement",
    "type_concept_id": 0,
    "start_date": date(2024, 1, 2),
}


def told(profile: Profile = Profile.SAFE_HARBOR, **event: Any) -> tuple[Any, Any]:
    """Number and words of an event's value in the lake."""
    rows = pa.Table.from_pylist([{**dict.fromkeys(_SCHEMA.names), **_EVENT, **event}], schema=_SCHEMA)
    ((row,),) = [
        made.to_pylist() for made in map_events(rows, profile, NoVocabulary()).values() if made.num_rows
    ]
    return row["value_as_number"], row["value_source_value"]


@pytest.mark.parametrize(
    ("event", "value"),
    [
        *(({"vocabulary": v, "code": c, "value_number": 97.0}, 90) for v, c in sorted(age_codes())),
        ({"code": "AGE", "value_number": 97.0, "unit": "yr"}, 90),
        ({"code": "PT_AGE", "value_number": 97.0}, 90),
        ({"display": "Age at diagnosis", "value_number": 93.5, "unit": "years"}, 90),
        ({"display": "Age", "value_number": 1164.0, "unit": "mo"}, 1080),
        ({"display": "Age", "value_number": 35000.0, "unit_code": "d"}, 32872),
        ({"code": "x", "value_number": 97.0, "unit_code": "a"}, 90),
        # no age over 89
        ({"vocabulary": "LOINC", "code": "30525-0", "value_number": 89.0, "unit": "a"}, 89),
        ({"display": "Age", "value_number": 97.0, "unit": "mo"}, 97),
        ({"display": "Average dose", "value_number": 97.0}, 97),
        ({"display": "BMI percentile for age", "value_number": 97.0}, 97),
        ({"display": "Age", "value_number": 97.0, "unit": "mg/dL"}, 97),
        ({"display": "Year of diagnosis", "value_number": 2015.0, "unit": "year"}, 2015),
        ({"display": "Smoking", "value_number": 97.0, "unit": "pack years"}, 97),
        ({"vocabulary": "LOINC", "code": "8867-4", "value_number": 97.0, "unit": "/min"}, 97),
        ({"vocabulary": "SNOMED", "code": "30525-0", "value_number": 97.0}, 97),
    ],
)
def test_numbers_of_any_format(event: dict[str, Any], value: float) -> None:
    number, words = told(**event)
    assert number == value and float(words) == value
    assert told(Profile.EXPERT, **event)[0] == event["value_number"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"vocabulary": "LOINC", "code": "30525-0", "value_text": "97"}, "90+"),
        ({"display": "Age", "value_text": "97 yrs"}, "90+ yrs"),
        ({"display": "Age", "value_text": "ninety-seven"}, "90+"),
        ({"display": "Age", "value_text": "1164 mo"}, "1080+ mo"),
        ({"display": "Age", "value_text": "89"}, "89"),
        ({"display": "Age", "value_text": "97 mo"}, "97 mo"),
        ({"code": "ROOM", "value_text": "97"}, "97"),
    ],
)
def test_texts_of_any_format(event: dict[str, Any], words: str) -> None:
    assert told(**event) == (None, words)


def test_texts_keep_what_is_no_age() -> None:
    assert group_text("born 1926, aged 97.5 in room 1010", 1) == "born 1926, aged 90+ in room 1010"


@pytest.mark.parametrize("table", ["measurement", "observation"])
def test_rows_that_a_source_states_in_omops_terms(table: str) -> None:
    schema = LAKE[f"omop.{table}"].schema
    rows: list[dict[str, Any]] = [
        {f"{table}_source_value": "30525-0", "value_as_number": 97.0, "value_source_value": "97"},
        {f"{table}_concept_id": 77, "value_as_number": 97.0},
        {"value_as_number": 97.0, "unit_concept_id": 9448},
        {"value_as_number": 97.0, "unit_source_value": "years"},
        {f"{table}_source_value": "Age", "value_as_number": 89.0, "value_source_value": "89"},
        {f"{table}_source_value": "hr", "value_as_number": 97.0, "value_source_value": "97"},
    ]
    filled = [
        {**{n: 0 if pa.types.is_int64(schema.field(n).type) else None for n in schema.names}, **r}
        for r in rows
    ]
    made = pa.Table.from_pylist(filled, schema=pa.schema([pa.field(f.name, f.type) for f in schema]))
    found = group_omop_ages(made, table, [77])
    assert found["value_as_number"].to_pylist() == [90, 90, 90, 90, 89, 97]
    assert found["value_source_value"].to_pylist() == ["90+", None, None, None, "89", "97"]
    assert found.schema == made.schema


def test_resources() -> None:
    code = {"coding": [{"system": "http://loinc.org", "code": "30525-0", "display": "Age"}]}
    years = {"value": 97, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"}
    other = {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]}
    one = {
        "resourceType": "Observation",
        "code": code,
        "valueQuantity": years,
        "component": [{"code": code, "valueInteger": 96}, {"code": other, "valueInteger": 96}],
    }
    found = clean(Profile.SAFE_HARBOR, **one)
    assert found["valueQuantity"]["value"] == 90
    assert [part["valueInteger"] for part in found["component"]] == [90, 96]
    assert clean(Profile.EXPERT, **one)["valueQuantity"]["value"] == 97
    onset = clean(Profile.SAFE_HARBOR, resourceType="AllergyIntolerance", onsetAge={"value": 97})
    assert onset["onsetAge"]["value"] == 90
    months = clean(Profile.SAFE_HARBOR, resourceType="Condition", onsetAge={"value": 97, "code": "mo"})
    assert months["onsetAge"]["value"] == 97
    assert group_resource_ages({"code": code, "valueString": "97"})["valueString"] == "90+"
    assert group_resource_ages({"code": other, "valueString": "97"})["valueString"] == "97"


def test_what_hl7_and_cda_keep_whole() -> None:
    """C-CDA's Family History has ages at onset, and no table of its own."""

    def kept(code: str, *numbers: tuple[float | None, str | None]) -> list[float | None]:
        listed = [{"at": "value", "value": value, "unit": unit} for value, unit in numbers]
        whole = {
            "codes": [{"at": "code", "system": "SNOMED", "code": code, "display": None}],
            "numbers": listed,
        }
        rows = pa.table({"resource": [orjson.dumps(whole).decode()]})
        parsed = orjson.loads(group_unmapped_ages(rows)["resource"][0].as_py())
        return [number["value"] for number in parsed["numbers"]]

    assert kept("445518008", (97, "a"), (97.5, None), (97, "mo"), (1164, "mo"), (None, None)) == [
        90,
        90,
        97,
        1080,
        None,
    ]
    assert kept("22298006", (97, "a"), (97, None), (97, "mm[Hg]"), (2015, "a")) == [90, 97, 97, 2015]
