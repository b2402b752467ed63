"""Resource types with a home in OMOP: what the FHIR connector takes of each, in every form that FHIR allows."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors.fhir.lines import Chunk
from connectors.fhir.read import Context, read_chunk
from connectors.fhir.structure import STRUCTURES
from connectors.fhir.types import MAPPED_TYPES, RESOURCE_TYPES
from contracts.keys import Key
from contracts.schemas.fhir import TABLES
from contracts.schemas.vocabularies import is_standard, vocabulary_of

KEY = Key("test", b"\x01" * 32)
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ABOUT = {"subject": {"reference": "Patient/p1"}}
ASPIRIN = {"coding": [{"system": RXNORM, "code": "1191", "display": "aspirin"}]}
A = "hospital-a\x1f"


def read(*resources: dict[str, Any], zone: str = "UTC") -> dict[str, list[dict[str, Any]]]:
    data = b"".join(json.dumps(resource).encode() + b"\n" for resource in resources)
    found: dict[str, list[dict[str, Any]]] = {}
    for table, rows in read_chunk(Chunk(data, 0, 1), Context("hospital-a", zone, KEY)):
        if table in TABLES:
            assert rows.schema.equals(TABLES[table])
        found.setdefault(table, []).extend(rows.to_pylist())
    return found


def one(kind: str, **resource: Any) -> dict[str, Any]:
    (row,) = read({"resourceType": kind, "id": "x1", **ABOUT, **resource})[MAPPED_TYPES[kind]]
    return row


def told(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def observation(**more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": LOINC, "code": "8480-6", "display": "Systolic"}]}
    return one("Observation", code=code, effectiveDateTime="2020-01-02T03:04:05-05:00", **more)


def test_every_mapped_type_has_a_structure_and_a_table() -> None:
    assert set(MAPPED_TYPES) == set(STRUCTURES) <= RESOURCE_TYPES
    assert {*MAPPED_TYPES.values(), "fhir.other"} == set(TABLES)


def test_what_is_malformed_carries_nothing_past_the_allow_list() -> None:
    """Objects and arrays where scalars belong, and scalars where objects do: only free text may hold words."""
    odd: tuple[Any, ...] = (
        {"text": "Jane Roe"},
        {"code": {"x": "Jane Roe"}},
        ["Jane Roe"],
        [{"x": "Jane Roe"}],
        7,
    )
    for kind, structure in STRUCTURES.items():
        names = {re.split(r"[.\[]", path)[1] for path in structure.paths} - {"id"}
        found = read(
            *(
                {"resourceType": kind, **dict.fromkeys(names, value), "id": f"x{i}"}
                for i, value in enumerate(odd)
            )
        )
        assert sum(map(len, found.values())) == len(odd)
        for row in found.get(MAPPED_TYPES[kind], []):
            schema = TABLES[MAPPED_TYPES[kind]]
            kept = [n for n in schema.names if schema.field(n).metadata[b"action"] not in (b"text", b"zip")]
            assert [name for name in kept if "Roe" in str(row[name])] == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueQuantity": {"value": 5.4, "unit": "mg/dL"}}, (5.4, None, None)),
        ({"valueQuantity": {"value": "5.4"}}, (5.4, None, None)),
        ({"valueQuantity": {"value": "high"}}, (None, None, None)),
        ({"valueInteger": 3}, (3.0, None, None)),
        ({"valueBoolean": True}, (None, "true", None)),
        ({"valueString": "turbid"}, (None, "turbid", None)),
        ({"valueDateTime": "2020-02-03T04:05:06Z"}, (None, "2020-02-03T04:05:06", None)),
        ({"valueTime": "04:05:06"}, (None, "04:05:06", None)),
        ({"valuePeriod": {"start": "2020", "end": "2021-01"}}, (None, "2020/2021-01", None)),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 4}}}, (None, "1 - 4", None)),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, (None, "1:128", None)),
        ({"valueSampledData": {"data": "1 2 E"}}, (None, "1 2 E", None)),
        ({"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "10828004"}]}}, (None, None, "10828004")),
        ({"valueCodeableConcept": {"text": "trace"}}, (None, "trace", None)),
        ({"dataAbsentReason": {"coding": [{"system": "http://x", "code": "unknown"}]}}, (None, None, "unknown")),
        ({"dataAbsentReason": {"text": "clotted"}}, (None, "clotted", None)),
        ({"valueString": "a", "dataAbsentReason": {"coding": [{"code": "error"}]}}, (None, "a", None)),
        ({}, (None, None, None)),
    ],
)  # fmt: skip
def test_values_of_every_kind(value: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert told(observation(**value), "value_number", "value_text", "value_code") == expected
    (part,) = [observation(component=[{"code": {"text": "part"}, **value}])]
    names = ("component_value_number", "component_value_text", "component_value_code")
    assert tuple(values[0] for values in told(part, *names)) == expected


def test_quantities_have_operator_unit_and_range() -> None:
    ucum = "http://unitsofmeasure.org"
    quantity = {"value": 0.01, "comparator": "<", "unit": "ng/mL of blood", "system": ucum, "code": "ng/mL"}
    limits = [{"low": {"value": 0}, "high": {"value": 0.04}}]
    high = [{"coding": [{"code": "H", "display": "High"}]}]
    row = observation(valueQuantity=quantity, referenceRange=limits, interpretation=high)
    assert told(row, "operator", "unit", "unit_code") == ("<", "ng/mL of blood", "ng/mL")
    assert told(row, "range_low", "range_high") == (0.0, 0.04)
    assert told(row, "interpretation_code", "interpretation_display") == ("H", "High")
    local = observation(valueQuantity={"value": 1, "code": "U", "system": "http://local", "comparator": "~"})
    assert told(local, "operator", "unit", "unit_code") == (None, "U", None)


def test_components_are_numbered_parts() -> None:
    parts = [
        {"code": {"coding": [{"system": LOINC, "code": "8480-6"}]}, "valueQuantity": {"value": 120}},
        {"code": {"coding": [{"system": LOINC, "code": "8462-4"}]}, "valueQuantity": {"value": 80}},
    ]
    rows = read(
        *(
            {
                "resourceType": "Observation",
                "id": f"o{i}",
                **ABOUT,
                "issued": "2020-01-02",
                "component": parts[:i],
            }
            for i in range(3)
        )
    )["fhir.observation"]
    assert [row["component_id"] for row in rows] == [[], [f"{A}o1#1"], [f"{A}o2#1", f"{A}o2#2"]]
    assert rows[2]["component_code_system"] == ["LOINC", "LOINC"]
    assert [row["component_value_number"] for row in rows] == [[], [120.0], [120.0, 80.0]]


@pytest.mark.parametrize(
    ("codings", "taken"),
    [
        ([("http://hl7.org/fhir/sid/icd-10-cm", "I10"), (SNOMED, "38341003")], ("SNOMED", "38341003")),
        ([(SNOMED, "38341003"), (LOINC, "1-2")], ("SNOMED", "38341003")),
        ([("http://local", "A"), ("http://other", "B")], ("http://local", "A")),
        ([(SNOMED, "two words"), ("http://local", "B")], ("http://local", "B")),
        ([("http://local", "A")] * 5 + [("urn:oid:2.16.840.1.113883.6.96", "7")], ("SNOMED", "7")),
        ([("no url", "A")], (None, "A")),
    ],
)
def test_of_several_codings_the_standard_one_is_taken(codings: list[Any], taken: tuple[Any, ...]) -> None:
    coded = {"coding": [{"system": system, "code": code, "display": code} for system, code in codings]}
    row = one("Condition", code={**coded, "text": "words"}, recordedDate="2020")
    assert told(row, "code_system", "code") == taken
    assert told(row, "code_display", "code_text") == (taken[1], None)


def test_vocabularies_have_one_name_however_they_are_written() -> None:
    for name in (
        SNOMED,
        f"{SNOMED}/",
        f"{SNOMED}|20240901",
        "urn:oid:2.16.840.1.113883.6.96",
        "SCT",
        "snomed",
    ):
        assert vocabulary_of(name) == "SNOMED"
    assert vocabulary_of("http://local") == vocabulary_of("") == ""
    assert is_standard("LOINC") and not is_standard("ICD10CM") and not is_standard("")


@pytest.mark.parametrize(
    ("kind", "timing"),
    [
        ("MedicationRequest", {"authoredOn": "2020-01-02"}),
        ("MedicationAdministration", {"effectivePeriod": {"start": "2020-01-02"}}),
        ("MedicationStatement", {"effectiveDateTime": "2020-01-02"}),
        ("MedicationDispense", {"whenHandedOver": "2020-01-02"}),
    ],
)
def test_a_medication_is_a_code_a_contained_one_or_one_elsewhere(kind: str, timing: dict[str, Any]) -> None:
    inside = {"resourceType": "Medication", "id": "m", "code": ASPIRIN}
    coded, contained, elsewhere = (
        one(kind, **timing, **form)
        for form in (
            {"medicationCodeableConcept": ASPIRIN},
            {"medicationReference": {"reference": "#m"}, "contained": [{"id": "other"}, inside]},
            {"medicationReference": {"reference": "Medication/m9", "display": "Aspirin 100"}},
        )
    )
    for row in (coded, contained):
        assert told(row, "code_system", "code", "medication") == ("RxNorm", "1191", None)
    assert told(elsewhere, "code", "code_text", "medication") == (None, "Aspirin 100", f"{A}m9")
    assert {row["start_date"] for row in (coded, contained, elsewhere)} == {"2020-01-02"}


def test_a_prescription_tells_dose_supply_and_repeats() -> None:
    dose = {"doseAndRate": [{"doseQuantity": {"value": 2, "unit": "tablet"}}], "route": {"text": "by mouth"}}
    timing = {"repeat": {"frequency": 1, "period": 1.0, "periodUnit": "d"}}
    supply = {
        "quantity": {"value": 28},
        "expectedSupplyDuration": {"value": 2, "unit": "weeks"},
        "numberOfRepeatsAllowed": 3,
        "validityPeriod": {"start": "2020-01-02", "end": "2020-07-01"},
    }
    ordered = {"intent": "order", "medicationCodeableConcept": ASPIRIN, "dispenseRequest": supply}
    row = one("MedicationRequest", **ordered, dosageInstruction=[{**dose, "timing": timing}])
    assert told(row, "quantity", "days_supply", "refills", "end_date") == (28.0, 14, 3, "2020-07-01")
    assert told(row, "sig", "dose_unit", "route_text") == ("2 tablet, 1 x per 1 d", "tablet", "by mouth")
    worded = one("MedicationRequest", **ordered, dosageInstruction=[{**dose, "text": "two at night"}])
    assert worded["sig"] == "two at night"
    assert one("MedicationRequest", **ordered, dosageInstruction=[{"timing": timing}])["sig"] is None


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("MedicationRequest", {"status": "cancelled"}),
        ("MedicationRequest", {"status": "active", "intent": "plan"}),
        ("MedicationRequest", {"status": "active", "doNotPerform": True}),
        ("MedicationAdministration", {"status": "not-done"}),
        ("MedicationStatement", {"status": "not-taken"}),
        ("MedicationDispense", {"status": "declined"}),
        ("Immunization", {"status": "not-done"}),
        ("Procedure", {"status": "not-done"}),
        ("Observation", {"status": "cancelled"}),
        ("DiagnosticReport", {"status": "registered"}),
        ("Encounter", {"status": "planned"}),
        ("Specimen", {"status": "unavailable"}),
        ("DeviceUseStatement", {"status": "intended"}),
        ("AllergyIntolerance", {"verificationStatus": {"coding": [{"code": "refuted"}]}}),
        ("Coverage", {"status": "draft", "period": {"start": "2020"}}),
        ("Coverage", {"status": "active"}),
    ],
)
def test_what_was_never_done_is_kept_whole(kind: str, more: dict[str, Any]) -> None:
    element = STRUCTURES[kind].patient.removeprefix("$.")
    about = {element: {"reference": "Patient/p1"}}
    resource = {"resourceType": kind, "id": "x1", **about, **more}
    (row,) = read(resource)["fhir.other"]
    assert told(row, "record_type", "subject") == (kind, f"{A}fhir\x1fp1")
    assert json.loads(row["resource"]) == resource
    void = {"status": "entered-in-error", "verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
    assert set(read({**resource, **void})) == {MAPPED_TYPES[kind]}, "it is for cleaning to reject"


def test_an_encounter_tells_who_where_and_of_what_it_is_a_part() -> None:
    def participant(number: int, role: str) -> dict[str, Any]:
        return {
            "type": [{"coding": [{"code": role}]}],
            "individual": {"reference": f"Practitioner?identifier=http://npi|{number}"},
        }

    row = one(
        "Encounter",
        period={"start": "2020"},
        participant=[participant(1, "CON"), participant(2, "ATND")],
        serviceProvider={"identifier": {"system": "http://org", "value": "9"}, "type": "Organization"},
        location=[{"location": {"reference": "Location/ward"}}],
        partOf={"reference": "Encounter/stay"},
        hospitalization={
            "admitSource": {"coding": [{"code": "emd"}]},
            "dischargeDisposition": {"text": "home"},
        },
    )
    assert told(row, "provider", "organization") == (f"{A}http://npi|2", f"{A}http://org|9")
    assert told(row, "location", "part_of") == (f"{A}ward", f"{A}stay")
    assert told(row, "admit_code", "discharge_text") == ("emd", "home")
    assert (
        one("Encounter", participant=[participant(1, "CON")], period={"start": "2020"})["provider"]
        == f"{A}http://npi|1"
    )


def test_practitioners_and_places_have_each_form_by_which_others_refer_to_them() -> None:
    numbers = [{"system": "http://npi", "value": "9"}, {"system": "http://npi", "value": "9"}, {"value": "b"}]
    who = {"identifier": numbers[0], "type": "Practitioner"}
    found = read(
        {"resourceType": "Practitioner", "id": "d", "identifier": numbers, "gender": "female"},
        {"resourceType": "PractitionerRole", "id": "r", "practitioner": who},
        {"resourceType": "PractitionerRole", "id": "s"},
        {"resourceType": "Organization", "id": "o", "identifier": numbers[:1]},
        {"resourceType": "Location", "id": "l", "address": {"state": "Kansas", "postalCode": "66801"}},
    )
    doctor, role, alone = found["fhir.provider"]
    assert doctor["provider"] == [f"{A}d", f"{A}http://npi|9", f"{A}|b"]
    assert role["provider"] == [f"{A}http://npi|9", f"{A}PractitionerRole/r"]
    assert alone["provider"] == [f"{A}PractitionerRole/s"]
    assert [row["represents"] for row in (doctor, role, alone)] == [False, True, False]
    organization, location = found["fhir.place"]
    assert organization["organization"] == [f"{A}o", f"{A}http://org|9".replace("org", "npi")]
    assert told(location, "location", "organization", "state", "zip") == ([f"{A}l"], None, "KS", "66801")
    assert organization["id"] == f"{A}Organization\x1fo"


def test_names_of_practitioners_and_places_are_not_read() -> None:
    named = {"name": "Dr Roe's practice", "alias": ["Roe"], "telecom": [{"value": "Roe"}]}
    found = read(
        {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Roe"}]},
        {"resourceType": "Organization", "id": "o", **named, "address": [{"city": "Roe", "country": "Roe"}]},
        {"resourceType": "Location", "id": "l", **named, "address": {"city": "Roe", "state": "Roe"}},
    )
    assert "Roe" not in str(found)


@pytest.mark.parametrize(
    ("payor", "payer"),
    [
        ({"display": "Acme Health"}, "Acme Health"),
        ({"reference": "Organization/1", "display": "Acme Health"}, "Acme Health"),
        ({"reference": "Patient/p1", "display": "Jane Roe"}, None),
        ({"reference": "RelatedPerson/2", "display": "John Roe"}, None),
    ],
)
def test_a_payer_is_never_a_person(payor: dict[str, str], payer: str | None) -> None:
    plan = [
        {"type": {"coding": [{"code": "group"}]}, "name": "Staff"},
        {"type": {"coding": [{"code": "plan"}]}, "name": "Gold"},
    ]
    row = one(
        "Coverage", beneficiary=ABOUT["subject"], payor=[payor], period={"start": "2020"}, **{"class": plan}
    )
    assert told(row, "payer", "plan", "start_date", "subject") == (payer, "Gold", "2020", f"{A}fhir\x1fp1")


def test_a_report_has_its_text_and_is_a_report_without_it() -> None:
    text = {"contentType": "text/plain", "data": base64.b64encode("Größe 3 cm".encode()).decode()}
    latin = {"contentType": "text/plain; charset=latin-1", "data": base64.b64encode(b"Gr\xf6\xdfe").decode()}
    pdf = {"contentType": "application/pdf", "data": base64.b64encode(b"%PDF").decode()}
    base = {"resourceType": "DiagnosticReport", **ABOUT, "issued": "2020-01-02"}
    forms: list[list[dict[str, str]]] = [
        [],
        [text],
        [latin],
        [pdf],
        [pdf, text],
        [{"contentType": "text/plain", "data": "@"}],
    ]
    found = read(*({**base, "id": f"r{i}", "presentedForm": form} for i, form in enumerate(forms)))
    texts = [row["text"] for row in found["fhir.diagnostic_report"]]
    assert texts == [None, "Größe 3 cm", "Größe", None, "Größe 3 cm"]
    assert [row["reason"] for row in found["rejected"]] == ["attachment-undecodable"]


def test_the_rest_of_the_types() -> None:
    site = {"coding": [{"system": SNOMED, "code": "368209003"}]}
    device = {
        "resourceType": "Device",
        "id": "d",
        "type": {"coding": [{"system": SNOMED, "code": "14106009"}]},
    }
    use = one("DeviceUseStatement", device={"reference": "#d"}, contained=[device], timingDateTime="2020")
    assert told(use, "code", "device", "start_date") == ("14106009", None, "2020")
    use = one("DeviceUseStatement", device={"reference": "Device/7"}, recordedOn="2020")
    assert use["device"] == f"{A}7"
    collection = {"collectedDateTime": "2020-01-02", "bodySite": site, "quantity": {"value": 5, "unit": "mL"}}
    specimen = one("Specimen", type=ASPIRIN, collection=collection)
    assert told(specimen, "start_date", "site_code", "quantity", "unit") == (
        "2020-01-02",
        "368209003",
        5.0,
        "mL",
    )
    shot = one(
        "Immunization",
        patient=ABOUT["subject"],
        vaccineCode=ASPIRIN,
        occurrenceDateTime="2020",
        lotNumber="L 1",
    )
    assert told(shot, "code", "start_date", "lot_number", "subject") == (
        "1191",
        "2020",
        None,
        f"{A}fhir\x1fp1",
    )
    procedure = one(
        "Procedure", code=ASPIRIN, bodySite=[site], performedPeriod={"start": "2019", "end": "2020"}
    )
    assert told(procedure, "start_date", "end_date", "site_code") == ("2019", "2020", "368209003")
    condition = one("Condition", category=[{"coding": [{"code": "problem-list-item"}]}], recordedDate="2020")
    assert condition["category"] == "problem-list-item"
    patient = read(
        {
            "resourceType": "Patient",
            "id": "p",
            "generalPractitioner": [{"reference": "Organization/1"}, {"reference": "Practitioner/2"}],
        }
    )["fhir.patient"][0]
    assert patient["provider"] == f"{A}2"


def test_the_sample_export_is_read_type_by_type(shared: Path) -> None:
    """Each resource is a row of its type's table, with the code that plain Python finds in it."""
    elements = {
        "MedicationRequest": "medicationCodeableConcept",
        "Immunization": "vaccineCode",
        "Procedure": "code",
        "AllergyIntolerance": "code",
        "Condition": "code",
    }
    folder = shared / "data" / "fhir" / "bulk-10-patients"
    for kind, element in elements.items():
        lines = (folder / f"{kind}.000.ndjson").read_text(encoding="utf-8").splitlines()
        resources = [json.loads(line) for line in lines]
        expected = Counter(resource[element]["coding"][0]["code"] for resource in resources)
        found = read(*resources, zone="America/New_York")
        assert Counter(row["code"] for row in found[MAPPED_TYPES[kind]]) == expected


@pytest.mark.parametrize(
    ("kind", "undated", "dated"),
    [
        (
            "AllergyIntolerance",
            {"patient": ABOUT["subject"], "onsetAge": {"value": 5, "code": "a"}},
            "recordedDate",
        ),
        ("Condition", {"onsetString": "in childhood"}, "recordedDate"),
        ("Procedure", {"status": "completed", "performedString": "long ago"}, "performedDateTime"),
        ("Procedure", {"performedAge": {"value": 30, "code": "a"}}, "performedDateTime"),
        ("Immunization", {"patient": ABOUT["subject"], "occurrenceString": "as a child"}, "recorded"),
        ("Observation", {"status": "final", "valueInteger": 3}, "issued"),
        ("Specimen", {"status": "available"}, "receivedTime"),
        ("DeviceUseStatement", {"status": "active"}, "recordedOn"),
        ("DiagnosticReport", {"status": "final", "conclusion": "normal"}, "issued"),
        ("MedicationRequest", {"status": "active", "intent": "order"}, "authoredOn"),
        ("MedicationAdministration", {"status": "completed"}, "effectiveDateTime"),
        ("MedicationStatement", {"status": "active"}, "dateAsserted"),
        ("MedicationDispense", {"status": "completed"}, "whenPrepared"),
    ],
)
def test_what_tells_no_date_is_kept_whole(kind: str, undated: dict[str, Any], dated: str) -> None:
    """OMOP has no row without a date, and none is made up; what says when it was recorded has one."""
    resource = {"resourceType": kind, "id": "x1", **ABOUT, **undated}
    (other,) = read(resource)["fhir.other"]
    assert json.loads(other["resource"]) == resource
    assert told(other, "record_type", "subject") == (kind, "hospital-a\x1ffhir\x1fp1")
    (table,) = read({**resource, dated: "2020-01-02T03:04:05Z"})
    assert table == MAPPED_TYPES[kind]


def test_an_encounter_without_a_period_is_kept_whole() -> None:
    assert list(read({"resourceType": "Encounter", "id": "e", **ABOUT, "status": "finished"})) == [
        "fhir.other"
    ]


def test_what_is_void_or_a_text_without_a_date_is_not_kept_whole() -> None:
    """The one is rejected as void, the other held back: without its text nothing would be left of it."""
    void = {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
    assert list(read({"resourceType": "Condition", "id": "c", **ABOUT, **void})) == ["fhir.condition"]
    form = [{"contentType": "text/plain", "data": "bm90ZQ=="}]
    report = {"resourceType": "DiagnosticReport", "id": "d", **ABOUT, "presentedForm": form}
    assert list(read(report)) == ["fhir.diagnostic_report"]
