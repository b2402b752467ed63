"""The FHIR mappings: plain SELECTs that give exactly the lake's columns, on made and on sample records."""

from __future__ import annotations

import base64
import json
from collections import Counter
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
from tasks.standardising import WHATEVER, map_rows

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
        values = [
            [_convert(meta, entry) for entry in value] if isinstance(value, list) else _convert(meta, value)
            for value in rows[column.name].to_pylist()
        ]
        kind = _TYPES.get(meta["action"])
        listed = pa.types.is_list(column.type)
        columns[meta["output"]] = pa.array(
            values, column.type if kind is None else pa.list_(kind) if listed else kind
        )
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
        for view in (table.replace(".", "_"), WHATEVER):
            connection.register(view, rows)
        return connection.sql(mapping.sql).to_arrow_table()


def line(**resource: Any) -> bytes:
    return json.dumps(resource).encode() + b"\n"


ABOUT = {"subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"}}
PERIOD = {"start": "2020-01-01T10:00:00Z", "end": "2020-01-02T11:00:00Z"}


def test_every_mapping_gives_the_lakes_columns_and_types() -> None:
    """A mapping names no column that its target lacks, and all that its target requires, in the right type."""
    for target, mapping in mappings("fhir").items():
        schema = EVENT if target.startswith("events.") else table_named(target).schema
        for source in mapping.source_tables:
            result = run(mapping, source, deidentified(source, TABLES[source].empty_table()))
            assert set(result.schema.names) <= {*OWN, *schema.names}, target
            assert {f.name for f in schema if not f.nullable} <= set(result.schema.names), target
            for name in set(schema.names) & set(result.schema.names):
                result[name].cast(schema.field(name).type)
        assert mapping.description


def test_every_table_of_the_connector_is_mapped() -> None:
    assert {source for mapping in mappings("fhir").values() for source in mapping.source_tables} == set(
        TABLES
    )


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
        + line(resourceType="Goal", id="o1", subject=ABOUT["subject"])
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
    assert (problem["source_vocabulary"], problem["source_display"]) == ("SNOMED", "Cough")
    assert problem["condition_start_datetime"] is None
    assert (text["note_text"], text["note_title"], text["note_date"]) == ("coughs", "Cough", date(2020, 1, 1))
    assert text["language_concept_id"] == 4180186
    assert found["records.unmapped"][0]["record_type"] == "Goal"


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


SNOMED, LOINC, RXNORM = (
    "http://snomed.info/sct",
    "http://loinc.org",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
)


def coded(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display or code}]}


def observed(category: str | None, **value: Any) -> bytes:
    about = {"resourceType": "Observation", "id": "o1", **ABOUT, "effectiveDateTime": "2020-01-02T03:04:05Z"}
    listed = (
        [coded("http://terminology.hl7.org/CodeSystem/observation-category", category)] if category else []
    )
    return line(**about, category=listed, code=coded(LOINC, "8867-4", "Heart rate"), **value)


@pytest.mark.parametrize(
    ("category", "value", "table"),
    [
        ("laboratory", {"valueString": "x"}, "measurement"),
        ("vital-signs", {}, "measurement"),
        ("imaging", {}, "measurement"),
        ("exam", {"valueInteger": 3}, "measurement"),
        ("exam", {"valueString": "x"}, "observation"),
        ("social-history", {"valueInteger": 3}, "observation"),
        ("survey", {"valueInteger": 3}, "observation"),
        ("survey", {"valueQuantity": {"value": 3, "code": "{score}"}}, "observation"),
        ("survey", {"valueQuantity": {"value": 37.1, "code": "Cel"}}, "measurement"),
        (None, {"valueInteger": 3}, "measurement"),
        (None, {"valueString": "x"}, "observation"),
    ],
)
def test_without_a_vocabulary_the_category_decides(
    category: str | None, value: dict[str, Any], table: str
) -> None:
    found = mapped(observed(category, **value))
    assert [name for name, rows in found.items() if rows] == [f"omop.{table}"]
    (row,) = found[f"omop.{table}"]
    assert (row[f"{table}_source_value"], row["source_vocabulary"]) == ("8867-4", "LOINC")
    assert row[f"{table}_type_concept_id"] == (32856 if category == "laboratory" else 32817)


def test_a_blood_pressure_is_three_rows_that_belong_together() -> None:
    parts = [
        {"code": coded(LOINC, code), "valueQuantity": {"value": value, "unit": "mm[Hg]"}}
        for code, value in (("8480-6", 120), ("8462-4", 80))
    ]
    whole, *rest = mapped(observed("vital-signs", component=parts))["omop.measurement"]
    assert (whole["measurement_source_value"], whole["value_as_number"]) == ("8867-4", None)
    assert [(r["measurement_source_value"], r["value_as_number"]) for r in rest] == [
        ("8480-6", 120.0),
        ("8462-4", 80.0),
    ]
    assert {r["measurement_event_id"] for r in rest} == {whole["measurement_id"]}
    assert len({r["measurement_id"] for r in (whole, *rest)}) == 3
    assert {r["visit_occurrence_id"] for r in (whole, *rest)} == {KEY.id63("Encounter", "hospital-a\x1fe1")}
    assert {r["unit_source_value"] for r in rest} == {"mm[Hg]"}


def test_ages_told_as_values_are_grouped_under_safe_harbor() -> None:
    ((table, rows),) = read_chunk(
        Chunk(observed(None, valueInteger=93).replace(b"8867-4", b"30525-0"), 0, 1),
        Context("hospital-a", "UTC", KEY),
    )
    for profile, told in ((Profile.EXPERT, 93.0), (Profile.SAFE_HARBOR, 90.0)):
        made = map_rows("fhir", table, deidentified(table, rows), profile)["omop.measurement"]
        assert made["value_as_number"].to_pylist() == [told]


@pytest.mark.parametrize(
    ("code", "vocabulary", "value"),
    [
        (coded(SNOMED, "91936005", "Allergy to penicillin (finding)"), "SNOMED", None),
        (coded(SNOMED, "387207008", "Ibuprofen (substance)"), "allergy to SNOMED", "387207008"),
        (coded(RXNORM, "1191", "Aspirin"), "allergy to RxNorm", "1191"),
        ({"text": "nuts"}, None, None),
    ],
)
def test_an_allergy_never_becomes_an_exposure(
    code: dict[str, Any], vocabulary: str | None, value: str | None
) -> None:
    """The code of a substance under its own vocabulary would be routed to drug_exposure."""
    resource = {"resourceType": "AllergyIntolerance", "id": "a", "patient": ABOUT["subject"]}
    found = mapped(line(**resource, code=code, recordedDate="2020-01-02"))
    ((table, (row,)),) = found.items()
    assert table == "omop.observation"
    assert row["source_vocabulary"] == vocabulary
    assert row["observation_source_value"] == (code.get("text") or code["coding"][0]["code"])
    assert row["value_source_value"] == value


@pytest.mark.parametrize(
    ("kind", "more", "concept"),
    [
        ("MedicationRequest", {"authoredOn": "2020-01-02"}, 32838),
        ("MedicationAdministration", {"effectiveDateTime": "2020-01-02"}, 32818),
        ("MedicationStatement", {"dateAsserted": "2020-01-02"}, 32830),
        ("MedicationDispense", {"whenPrepared": "2020-01-02"}, 32825),
    ],
)
def test_medications_are_exposures_by_where_they_are_told(
    kind: str, more: dict[str, Any], concept: int
) -> None:
    resource = {"resourceType": kind, "id": "m1", "subject": ABOUT["subject"], **more}
    elsewhere = {"medicationReference": {"reference": "Medication/m9"}}
    data = line(**resource, medicationCodeableConcept=coded(RXNORM, "1191")) + line(
        **{**resource, "id": "m2"}, **elsewhere
    )
    found = mapped(data)
    (known,), (named,) = found["omop.drug_exposure"], found["records.referring"]
    assert known["drug_type_concept_id"] == concept
    assert (known["drug_source_value"], known["source_vocabulary"]) == ("1191", "RxNorm")
    assert known["drug_exposure_start_date"] == known["drug_exposure_end_date"] == date(2020, 1, 2)
    medication = KEY.id63("Medication", "hospital-a\x1fm9")
    assert (named["code"], named["vocabulary"]) == (str(medication), "Medication")
    assert (named["type_concept_id"], named["start_date"]) == (concept, date(2020, 1, 2))


def test_a_part_of_a_stay_is_a_visit_detail() -> None:
    period, subject = {"start": "2020-01-01", "end": "2020-01-03"}, ABOUT["subject"]
    base = {"resourceType": "Encounter", "subject": subject, "period": period, "class": {"code": "IMP"}}
    found = mapped(line(**base, id="stay") + line(**base, id="ward", partOf={"reference": "Encounter/stay"}))
    (visit,), (detail,) = found["omop.visit_occurrence"], found["omop.visit_detail"]
    assert detail["visit_occurrence_id"] == visit["visit_occurrence_id"] != detail["visit_detail_id"]
    assert detail["visit_detail_concept_id"] == visit["visit_concept_id"] == 9201


def test_a_report_is_an_event_and_perhaps_a_note() -> None:
    text = base64.b64encode(b"No fracture.").decode()
    report = {"resourceType": "DiagnosticReport", "id": "r1", **ABOUT, "issued": "2020-01-02T03:04:05Z"}
    found = mapped(
        line(
            **report,
            code=coded(LOINC, "36643-5", "XR Chest 2 Views"),
            conclusion="clear",
            presentedForm=[{"contentType": "text/plain", "data": text}],
        )
    )
    (row,), (note,) = found["omop.observation"], found["records.report"]
    assert (row["observation_source_value"], row["value_as_string"]) == ("36643-5", "clear")
    assert (note["note_text"], note["note_title"]) == ("No fracture.", "XR Chest 2 Views")
    assert note["visit_occurrence_id"] == row["visit_occurrence_id"]


def test_coverage_is_a_payer_plan_period() -> None:
    coverage = {
        "resourceType": "Coverage",
        "id": "c",
        "beneficiary": ABOUT["subject"],
        "type": {"text": "HMO"},
    }
    data = line(**coverage, period={"start": "2020-01-01", "end": "2020-12-31"}, payor=[{"display": "Acme"}])
    (row,) = mapped(data)["omop.payer_plan_period"]
    assert (row["payer_source_value"], row["plan_source_value"]) == ("Acme", "HMO")
    assert row["payer_plan_period_end_date"] == date(2020, 12, 31)


def test_providers_and_care_sites_resolve_whichever_form_refers_to_them() -> None:
    """What refers by number finds the role's specialty; nobody refers to the second: its preferred form stands."""
    number = {"system": "http://npi", "value": "9"}
    role = {
        "resourceType": "PractitionerRole",
        "id": "r",
        "specialty": [coded("http://nucc.org/provider-taxonomy", "207R00000X")],
    }
    data = (
        line(resourceType="Practitioner", id="d", identifier=[number], gender="female")
        + line(
            **role, practitioner={"reference": "Practitioner/d"}, organization={"reference": "Organization/o"}
        )
        + line(resourceType="Practitioner", id="e", identifier=[{**number, "value": "8"}])
        + line(resourceType="Organization", id="o", address=[{"state": "KS", "postalCode": "66801"}])
        + line(
            resourceType="Encounter",
            id="v",
            subject=ABOUT["subject"],
            period={"start": "2020"},
            participant=[{"individual": {"reference": "Practitioner?identifier=http://npi|9"}}],
            serviceProvider={"reference": "Organization/o"},
        )
    )
    lake = {name: pa.Table.from_pylist(rows, table_named(name).schema) for name, rows in mapped(data).items()}
    derived = {name: derive(name, lake) for name in ("omop.provider", "omop.care_site", "omop.location")}
    (visit,) = lake["omop.visit_occurrence"].to_pylist()
    known, other = sorted(derived["omop.provider"], key=lambda row: row["gender_concept_id"], reverse=True)
    assert known["provider_id"] == visit["provider_id"]
    assert (known["specialty_source_value"], known["gender_concept_id"]) == ("207R00000X", 8532)
    assert other["provider_id"] == KEY.id63("Practitioner", "hospital-a\x1fe")
    (site,), (location,) = derived["omop.care_site"], derived["omop.location"]
    assert site["care_site_id"] == visit["care_site_id"] == known["care_site_id"]
    assert site["location_id"] == location["location_id"]
    assert location["state"] == "KS"


def derive(name: str, lake: dict[str, pa.Table]) -> list[dict[str, Any]]:
    """A derived table over lake tables in memory; those that it reads and that are not there are empty."""
    mapping = mappings("derived")[name]
    with duckdb.connect() as connection:
        for source in mapping.source_tables:
            schema, _, table = source.partition(".")
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.register(f"_{table}", lake.get(source, table_named(source).schema.empty_table()))
            connection.execute(f"CREATE VIEW {schema}.{table} AS SELECT * FROM _{table}")
        made = connection.sql(mapping.sql).to_arrow_table()
    rows: list[dict[str, Any]] = made.cast(table_named(name).schema.remove_metadata()).to_pylist()
    return rows


def test_the_sample_export_maps_row_by_row(shared: Path) -> None:
    """For every source code, the rows of all event tables are as many as plain Python finds records."""
    elements = ("code", "vaccineCode", "medicationCodeableConcept")
    counts: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    got: Counter[str] = Counter()
    for path in sorted((shared / "data" / "fhir" / "bulk-10-patients").glob("*.000.ndjson")):
        data = path.read_bytes()
        for resource in map(json.loads, data.splitlines()):
            concept = next(
                (resource[name] for name in elements if isinstance(resource.get(name), dict)), None
            )
            expected.update([concept["coding"][0]["code"]] if concept else [])
        for target, rows in mapped(data).items():
            counts[target] += len(rows)
            required = [column.name for column in table_named(target).schema if not column.nullable]
            assert not [n for n in required if any(row[n] is None for row in rows)]
            if target.removeprefix("omop.") in EVENT_TABLES:
                stem = target.removeprefix("omop.").partition("_")[0]
                got.update(row[f"{stem}_source_value"] for row in rows)
    assert got == expected
    assert (
        +counts
        == {
            "records.patient": 13,
            "records.provider": 172,  # 43 practitioners in two forms, 43 roles with the form of theirs and their own
            "records.place": 260,  # 43 organizations and 44 locations in two forms, and with an area each
            "records.unmapped": 16,  # devices
            "records.report": 1_202,  # documents called superseded: all but each person's newest
            "omop.visit_occurrence": 1_215,
            "omop.condition_occurrence": 555,
            "omop.drug_exposure": 1_745 + 161,
            "omop.procedure_occurrence": 2_056,
            "omop.observation": 11,
            "omop.note": 1_215,
        }
    )


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


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"deceasedBoolean": True}, (True, None)),
        ({"deceasedBoolean": False}, (False, None)),
        ({"deceasedDateTime": "2001-02-03"}, (True, date(2001, 2, 3))),
        ({}, (None, None)),
    ],
)
def test_that_somebody_is_dead_is_told_without_a_date_too(
    stated: dict[str, Any], told: tuple[bool | None, date | None]
) -> None:
    (row,) = mapped(line(resourceType="Patient", id="p1", **stated))["records.patient"]
    assert (row["is_deceased"], row["death_date"]) == told
