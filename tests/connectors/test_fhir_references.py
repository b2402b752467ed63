"""References in every form come to the id by which their resource is known."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from connectors.fhir import FhirConnector
from connectors.fhir.references import identifier_key, referred, referred_by
from contracts.units import WHOLE
from tests.accounts import accounted
from tests.connectors.fhir_files import PATIENT, lines, read, reading

NPI = "http://hl7.org/fhir/sid/us-npi"
FORMS = [
    ("Practitioner/7", "7"),
    ("Practitioner/7/_history/2", "7"),
    ("urn:uuid:6eb9-f1", "6eb9-f1"),
    ("urn:oid:1.2.3", "1.2.3"),
    ("https://other.org/fhir/Practitioner/7", "https://other.org/fhir/Practitioner/7"),
    ("https://other.org/fhir/Practitioner/7/_history/1", "https://other.org/fhir/Practitioner/7"),
    (f"Practitioner?identifier={NPI}|99", f"{NPI}|99"),
    ("Practitioner?identifier=http%3A%2F%2Fx%7C9%209", "http://x|9 9"),
    ("Practitioner?identifier=99", "|99"),
    ("?identifier=x|9", "x|9"),
    ("Practitioner?name=Roe", "?name=Roe"),
    ("Practitioner/d1#p", "d1#p"),
    ("Organization/7", None),
    ("Organization?identifier=x|9", None),
    ("https://other.org/fhir/Organization/7", None),
    ("Practitioner", None),
    ("Practitioner/", None),
    ("#p", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("reference", "found"), FORMS)
def test_each_form_has_its_id(reference: str | None, found: str | None) -> None:
    assert referred(pa.array([reference], pa.string()), "Practitioner").to_pylist() == [found]
    assert referred_by(reference, "Practitioner", "https://own.org/fhir") == found


def test_forms_may_stand_side_by_side() -> None:
    values, found = zip(*FORMS, strict=True)
    assert referred(pa.array(values * 2, pa.string()), "Practitioner").to_pylist() == [*found, *found]
    plain = pa.array(["Practitioner/a", "Practitioner/b", None], pa.string())
    assert referred(plain, "Practitioner").to_pylist() == ["a", "b", None]


def subject_of(resource: dict[str, Any], **options: str) -> str | None:
    """Whom `read` says a resource is about, which is whom `identities` finds."""
    held = reading(lines(resource), **options)
    rows = [row for _, batch in accounted(FhirConnector().read(held, WHOLE)) for row in batch.to_pylist()]
    subjects = {row["subject"] for row in rows}
    people = {identity.subject for identity in FhirConnector().identities(held)}
    assert subjects - {None} == people
    (subject,) = subjects
    return None if subject is None else subject.removeprefix("hospital-a\x1f")


def encounter(subject: dict[str, Any], **more: Any) -> dict[str, Any]:
    about = {"subject": subject, "period": {"start": "2020-01-02"}}
    return {"resourceType": "Encounter", "id": "e1", **about, **more}


JANE = {"resourceType": "Patient", "id": "p", "name": [{"family": "Quillfeather"}]}
NUMBERED = {**JANE, "identifier": [{"system": "urn:mrn", "value": "77%"}]}


@pytest.mark.parametrize(
    ("resource", "subject"),
    [
        (encounter({"identifier": {"system": "urn:mrn", "value": "77%"}}), "fhir\x1furn:mrn|77%"),
        (encounter({"type": "Patient", "identifier": {"value": "77"}}), "fhir\x1f|77"),
        (encounter({"type": "Group", "identifier": {"value": "77"}}), None),
        (encounter({"display": "Jane"}), None),
        (encounter({"reference": "#p"}, contained=[JANE]), "fhir\x1fe1#p"),
        (encounter({"reference": "#p"}, contained=[NUMBERED]), "fhir\x1furn:mrn|77%"),
        (encounter({"reference": "Patient?identifier=urn:mrn|77"}), "fhir\x1furn:mrn|77"),
        (encounter({"reference": "https://other.org/r4/Patient/7"}), "fhir\x1f7"),
    ],
)
def test_what_is_not_literal_is_followed(resource: dict[str, Any], subject: str | None) -> None:
    assert subject_of(resource) == subject


@pytest.mark.parametrize(
    ("reference", "subject"),
    [
        ("https://own.org/fhir/Patient/7", "fhir\x1f7"),
        ("https://own.org/fhir/Patient?identifier=urn:a|1", "fhir\x1furn:a|1"),
        ("https://own.org/other/Patient/7", "fhir\x1fhttps://own.org/other/Patient/7"),
        ("https://other.org/fhir/Patient/7/_history/3", "fhir\x1fhttps://other.org/fhir/Patient/7"),
    ],
)
def test_another_servers_patient_is_another(reference: str, subject: str) -> None:
    assert subject_of(encounter({"reference": reference}), base_url="https://own.org/fhir/") == subject


def test_the_authoritys_own_number_is_that_number() -> None:
    asked = encounter({"reference": "Patient?identifier=urn:mrn|M-7"})
    assert subject_of(asked, mrn_system="urn:mrn") == "\x1fM-7"
    assert subject_of(asked, mrn_system="urn:other") == "fhir\x1furn:mrn|M-7"


def test_a_patients_numbers_are_aliases_and_others_are_not() -> None:
    def numbered(code: str, system: str, value: str) -> dict[str, Any]:
        return {"type": {"coding": [{"code": code}]}, "system": system, "value": value}

    identifiers = [
        numbered("MR", "urn:mrn", "7"),
        numbered("SS", "urn:ssn", "999"),
        {"system": "urn:x", "value": "1"},
    ]
    (found,) = FhirConnector().identities(reading(lines({**PATIENT, "identifier": identifiers})))
    aliases = {(alias.system, alias.identifier) for alias in found.aliases}
    assert aliases == {("", "7"), ("fhir", identifier_key("urn:mrn", "7"))}
    (found,) = FhirConnector().identities(
        reading(lines({**PATIENT, "identifier": identifiers}), mrn_system="urn:x")
    )
    assert {alias.identifier for alias in found.aliases if alias.system == ""} == {"1"}


def test_links_of_every_form_are_aliases() -> None:
    links = [
        {"other": {"reference": "Patient/p0"}, "type": "replaces"},
        {"other": {"reference": "urn:uuid:p2"}, "type": "seealso"},
        {"other": {"reference": "Patient?identifier=urn:mrn|3"}, "type": "refer"},
        {"other": {"identifier": {"system": "urn:mrn", "value": "4"}}, "type": "refer"},
        {"other": {"reference": "RelatedPerson/r1"}, "type": "seealso"},
        {"other": {"reference": "Patient/p1"}, "type": "seealso"},
    ]
    (found,) = FhirConnector().identities(reading(lines({**PATIENT, "link": links})))
    assert [alias.identifier for alias in found.aliases] == ["p0", "p2", "urn:mrn|3", "urn:mrn|4"]


def test_what_a_patient_states_is_dated_as_its_record_is() -> None:
    numbered = {**PATIENT, "link": [{"other": {"reference": "Patient/p0"}}]}
    stated = {**numbered, "meta": {"lastUpdated": "2024-01-03T01:00:00+01:00"}}
    gone = {
        "resourceType": "Bundle",
        "type": "transaction",
        "meta": {"lastUpdated": "2024-01-04T00:00:00Z"},
        "entry": [
            {"request": {"method": "DELETE", "url": f"{kind}/p1"}} for kind in ("Patient", "Observation")
        ],
    }
    data = lines(numbered, stated, gone)
    held = reading(data)
    deleted, *told = sorted(FhirConnector().identities(held), key=lambda one: not one.retracted)
    versions = read(data)
    for one, row in zip(told, versions["fhir.patient"], strict=True):
        assert (one.version, one.tie) == (row["_version"], row["_digest"])
    assert deleted.version == versions["deleted"][0]["_version"] == "2024-01-04T00:00:00.000000"
    assert {one.record for one in told} == {deleted.record} and not deleted.aliases
    assert [bool(one.aliases) for one in told] == [True, True]


def test_related_persons_are_hidden_as_contacts() -> None:
    related = {
        "resourceType": "RelatedPerson",
        "id": "r-991177",
        "patient": {"reference": "Patient/p1"},
        "identifier": [{"value": "REL-123"}],
        "name": [{"family": "Thistlewhit", "given": ["Ottoline"]}],
        "telecom": [{"system": "phone", "value": "555-0182"}, {"system": "email", "value": "o@x.org"}],
        "address": [{"line": ["14 Larkspur Passage"], "city": "Salem", "postalCode": "01970"}],
        "birthDate": "1961-04-23",
    }
    found = {
        one.identifier: one.traits
        for one in FhirConnector().identities(reading(lines(related)))
        if one.traits
    }
    assert found == {
        "p1": {
            "contact": ("Thistlewhit", "Ottoline"),
            "identifier": ("r-991177", "REL-123"),
            "phone": ("555-0182",),
            "email": ("o@x.org",),
            "address": ("14 Larkspur Passage", "Salem"),
            "zip": ("01970",),
        }
    }


def test_a_contained_patient_is_hidden_too() -> None:
    found = list(FhirConnector().identities(reading(lines(encounter({"reference": "#p"}, contained=[JANE])))))
    assert {one.identifier for one in found} == {"e1#p"}
    assert [one.traits["name"] for one in found if one.traits] == [("Quillfeather",)]


def test_visits_are_found_by_every_form() -> None:
    base = {"resourceType": "Condition", "subject": {"reference": "Patient/p1"}, "onsetDateTime": "2020"}
    named = [
        {"reference": "Encounter/e1"},
        {"reference": "https://h.org/fhir/Encounter/e1/_history/4"},
        {"reference": "urn:uuid:e1"},
        {"reference": "Encounter?identifier=urn:v|1"},
        {"identifier": {"system": "urn:v", "value": "1"}},
        {"reference": "Encounter/nowhere"},
        {},
    ]
    data = lines(*({**base, "id": f"c{n}", "encounter": one} for n, one in enumerate(named)))
    rows = sorted(read(data)["fhir.condition"], key=lambda row: str(row["id"]))
    found = [row["encounter"] and row["encounter"].removeprefix("hospital-a\x1f") for row in rows]
    assert found == ["e1", "e1", "e1", "urn:v|1", "urn:v|1", "nowhere", None]
