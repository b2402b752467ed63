"""The FHIR mappings: plain SELECTs that give exactly the lake's columns, on made and on sample records."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from connectors.fhir.lines import Chunk
from connectors.fhir.read import Context, read_chunk
from contracts.errors import Fatal
from contracts.keys import Key
from contracts.privacy import Profile
from contracts.schemas import table_named
from contracts.schemas.events import EVENT, ROUTED
from contracts.schemas.fhir import TABLES
from contracts.schemas.omop import EVENT_TABLES
from tasks.mappings import OVERLAY_VARIABLE, Mapping, mappings
from tasks.standardising import map_rows

KEY = Key("test", b"\x01" * 32)
OWN = ["_record", "_owner", "_version", "_digest"]
_TYPES = {
    "subject": pa.int64(),
    "id": pa.int64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "year": pa.int32(),
}


def deidentified(table: str, rows: pa.Table) -> pa.Table:
    """What the engine hands on, in shape only: ids and subjects keyed, dates parsed, text as it is."""
    columns: dict[str, pa.Array] = {}
    for column in TABLES[table]:
        meta = {key.decode(): value.decode() for key, value in column.metadata.items()}
        values = [_convert(meta, value) for value in rows[column.name].to_pylist()]
        columns[meta["output"]] = pa.array(values, _TYPES.get(meta["action"], column.type))
    return pa.table(columns)


def _convert(meta: dict[str, str], value: Any) -> Any:
    if value is None:
        return None
    match meta["action"]:
        case "subject" | "id":
            return KEY.id63(meta.get("space", "person"), value)
        case "date":
            return date.fromisoformat((value + "-01-01")[:10])
        case "datetime":
            return datetime.fromisoformat(value)
        case "year":
            return int(value[:4])
    return value


def mapped(data: bytes) -> dict[str, list[dict[str, Any]]]:
    """Lake rows by table, from lines."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, rows in read_chunk(Chunk(data, 0, 1), Context("hospital-a", "UTC", KEY)):
        for target, made in map_rows("fhir", table, deidentified(table, rows), Profile.EXPERT).items():
            found.setdefault(target, []).extend(made.to_pylist())
    return found


def run(mapping: Mapping, table: str, rows: pa.Table) -> pa.Table:
    with duckdb.connect() as connection:
        connection.execute("SET VARIABLE profile = 'expert'")
        connection.register(table.replace(".", "_"), rows)
        return connection.sql(mapping.sql).to_arrow_table()


def line(**resource: Any) -> bytes:
    return json.dumps(resource).encode() + b"\n"


ABOUT = {"subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"}}
PERIOD = {"start": "2020-01-01T10:00:00Z", "end": "2020-01-02T11:00:00Z"}


def test_every_mapping_gives_the_lakes_columns_and_types() -> None:
    """A mapping names no column that its target lacks, and all that its target requires, in the right type."""
    for target, mapping in mappings("fhir").items():
        (source,) = mapping.source_tables
        result = run(mapping, source, deidentified(source, TABLES[source].empty_table()))
        schema = EVENT if target.startswith("events.") else table_named(target).schema
        assert set(result.schema.names) <= {*OWN, *schema.names}, target
        assert {f.name for f in schema if not f.nullable} <= set(result.schema.names), target
        for name in set(schema.names) & set(result.schema.names):
            result[name].cast(schema.field(name).type)
        assert mapping.description


def test_every_event_table_is_made_of_routed_events() -> None:
    rows = pa.schema([*ROUTED, *[pa.field(n, pa.int64()) for n in OWN]]).empty_table()
    assert set(mappings("events")) == {f"omop.{name}" for name in EVENT_TABLES}
    for target, mapping in mappings("events").items():
        result, schema = run(mapping, "events.routed", rows), table_named(target).schema
        assert result.schema.names == [*OWN, *schema.names], target
        assert result.select(schema.names).cast(schema).schema == schema


def test_a_visit_a_condition_and_a_note_meet() -> None:
    encounter = {"resourceType": "Encounter", "id": "e1", "subject": ABOUT["subject"], "period": PERIOD}
    condition = {"resourceType": "Condition", "id": "c1", **ABOUT, "recordedDate": "2020-01-01"}
    coded = {"coding": [{"system": "http://snomed.info/sct", "code": "49727002", "display": "Cough"}]}
    note = {"contentType": "text/plain", "data": base64.b64encode(b"coughs").decode(), "language": "en-US"}
    document = {"resourceType": "DocumentReference", "id": "d1", "subject": ABOUT["subject"], "type": coded}
    context = {"encounter": [ABOUT["encounter"]], "period": PERIOD}
    found = mapped(
        line(**encounter, **{"class": {"code": "IMP"}})
        + line(**condition, code=coded)
        + line(**document, content=[{"attachment": note}], context=context, date="2021-01-01")
        + line(resourceType="Observation", id="o1", subject=ABOUT["subject"])
    )
    (visit,), (problem,), (text,) = (
        found[f"omop.{name}"] for name in ("visit_occurrence", "condition_occurrence", "note")
    )
    assert visit["visit_concept_id"] == 9201
    assert visit["visit_end_datetime"] == datetime(2020, 1, 2, 11)
    assert visit["visit_occurrence_id"] == problem["visit_occurrence_id"] == text["visit_occurrence_id"]
    assert visit["person_id"] == problem["person_id"] == text["person_id"] is not None
    assert (problem["condition_source_value"], problem["condition_start_date"]) == (
        "49727002",
        date(2020, 1, 1),
    )
    assert (problem["source_vocabulary"], problem["source_display"]) == ("http://snomed.info/sct", "Cough")
    assert problem["condition_start_datetime"] is None
    assert (text["note_text"], text["note_title"], text["note_date"]) == ("coughs", "Cough", date(2020, 1, 1))
    assert text["language_concept_id"] == 4180186
    assert found["records.unmapped"][0]["record_type"] == "Observation"


@pytest.mark.parametrize(
    ("code", "concept"),
    [
        ("AMB", 9202),
        ("EMER", 9203),
        ("ACUTE", 9201),
        ("NONAC", 9201),
        ("HH", 581476),
        ("VR", 722455),
        ("X", 0),
    ],
)
def test_visits_by_class(code: str, concept: int) -> None:
    encounter = {
        "resourceType": "Encounter",
        "id": "e",
        "subject": ABOUT["subject"],
        "period": {"start": "2020-01"},
    }
    (visit,) = mapped(line(**encounter, **{"class": {"code": code}}))["omop.visit_occurrence"]
    assert visit["visit_concept_id"] == concept
    assert visit["visit_end_date"] == visit["visit_start_date"] == date(2020, 1, 1)
    assert visit["visit_source_value"] == code


def test_patients_keep_what_their_source_states() -> None:
    data = line(
        resourceType="Patient",
        id="p1",
        birthDate="1950-05",
        gender="male",
        meta={"lastUpdated": "2024-01-01"},
    )
    (patient,) = mapped(data)["records.patient"]
    assert patient["_version"] == "2024-01-01T00:00:00.000000"
    assert patient["updated_datetime"] == datetime(2024, 1, 1)
    assert (patient["birth_precision"], patient["year_of_birth"]) == ("month", 1950)
    assert patient["gender_source_value"] == "male"


def test_the_sample_export_maps_row_by_row(shared: Path) -> None:
    counts = {}
    for name in ("Patient", "Encounter", "Condition", "DocumentReference"):
        data = (shared / "data" / "fhir" / "bulk-10-patients" / f"{name}.000.ndjson").read_bytes()
        for target, rows in mapped(data).items():
            counts[target] = len(rows)
            required = [column.name for column in table_named(target).schema if not column.nullable]
            assert not [n for n in required if any(row[n] is None for row in rows)]
    assert counts == {
        "records.patient": 13,
        "omop.visit_occurrence": 1_215,
        "omop.condition_occurrence": 555,
        "omop.note": 1_215,
    }


def test_a_sites_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = mappings("fhir")["omop.note"]
    (tmp_path / "fhir").mkdir()
    own = tmp_path / "fhir" / "omop.note.sql"
    own.write_text("-- source: fhir.document_reference, fhir.other\n-- Ours.\nSELECT 1\n")
    monkeypatch.setenv(OVERLAY_VARIABLE, str(tmp_path))
    theirs = mappings("fhir")["omop.note"]
    assert theirs.digest != ours.digest
    assert theirs.source_tables == ("fhir.document_reference", "fhir.other")
    assert theirs.description == "Ours."
    assert mappings("fhir")["records.patient"] == mappings("fhir", None)["records.patient"]
    own.write_text("SELECT 1")
    with pytest.raises(Fatal, match="source"):
        mappings("fhir")
    with pytest.raises(Fatal, match=OVERLAY_VARIABLE):
        mappings("fhir", tmp_path / "nowhere")
    assert mappings("a-kind-without-any", tmp_path) == {}
