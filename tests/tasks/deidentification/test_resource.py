"""FHIR resources: what the allow-list lets through, and that nothing else does."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.identity import encode_subject
from contracts.privacy import Profile
from tasks.deidentification.resource import ResourceCleaner, allowed
from tasks.deidentification.text import Scrubber
from tests.tasks.deidentification.people import KEY, MARIA, TODAY

PEOPLE = {encode_subject("a", "p1", "fhir"): MARIA, encode_subject("a", "MRN-0042137"): MARIA}


def cleaner(profile: Profile = Profile.EXPERT) -> ResourceCleaner:
    return ResourceCleaner(KEY, profile, PEOPLE, TODAY, "a", Scrubber(profile, TODAY))


def clean(profile: Profile = Profile.EXPERT, **resource: Any) -> dict[str, Any]:
    return cleaner(profile).clean(resource, MARIA)


def keyed(kind: str, value: str) -> str:
    return str(KEY.id63(kind, f"a\x1f{value}"))


SNOMED = {"system": "http://snomed.info/sct", "code": "386661006", "display": "Fever"}


def test_an_observation_stays_useful() -> None:
    found = clean(
        resourceType="Observation",
        id="o1",
        meta={"source": "#x"},
        text={"div": "<div>Maria</div>"},
        identifier=[{"value": "MRN-0042137"}],
        status="final",
        code={"coding": [SNOMED], "text": "Fever"},
        subject={"reference": "Patient/p1", "display": "Maria"},
        encounter={"reference": "http://x.example/fhir/Encounter/e1"},
        performer=[{"reference": "Practitioner?identifier=npi|1", "display": "Dr. X"}],
        effectiveDateTime="2000-01-11T10:00:00-05:00",
        valueQuantity={"value": 38.5, "unit": "Cel", "system": "http://unitsofmeasure.org", "code": "Cel"},
        note=[{"text": "Maria was ill"}],
        component=[{"code": {"coding": [SNOMED]}, "valueString": "seen with Maria", "extra": 1}],
    )
    assert found == {
        "resourceType": "Observation",
        "id": keyed("Observation", "o1"),
        "status": "final",
        "code": {"coding": [SNOMED], "text": "Fever"},
        "subject": {"reference": "Patient/4711"},
        "encounter": {"reference": f"Encounter/{keyed('Encounter', 'e1')}"},
        "performer": [{"reference": f"Practitioner/{keyed('Practitioner', 'npi|1')}"}],
        "effectiveDateTime": "1999-10-03T10:00:00",
        "valueQuantity": {"value": 38.5, "unit": "Cel", "system": "http://unitsofmeasure.org", "code": "Cel"},
        "component": [{"code": {"coding": [SNOMED]}, "valueString": "seen with [NAME]"}],
    }


def test_safe_harbor_leaves_years() -> None:
    found = clean(
        Profile.SAFE_HARBOR,
        resourceType="Procedure",
        performedPeriod={"start": "1980-01-11T10:00:00Z", "end": "1980-02"},
        onsetAge={"value": 93, "unit": "years"},
    )
    assert found["performedPeriod"] == {"start": "1980", "end": "1980"}
    assert found["onsetAge"]["value"] == 90


def test_dates_of_nobody_go_under_expert() -> None:
    assert cleaner().clean({"resourceType": "Device", "manufactureDate": "2000-01-01"}, None) == {
        "resourceType": "Device"
    }


def test_a_resource_of_nobody_keeps_no_free_text() -> None:
    local = {"system": "http://hospital.example/codes", "code": "L1", "display": "Bed"}
    bare = {"code": "L2", "display": "Quixotina"}
    code = {"coding": [SNOMED, local, bare, {"system": "x", **bare}], "text": "Fever"}
    found = cleaner().clean({"resourceType": "Basic", "code": code, "valueString": "for Quixotina"}, None)
    assert "Quixotina" not in orjson.dumps(found).decode()
    assert set(found) == {"resourceType", "code"}
    assert set(found["code"]) == {"coding"}
    assert [c.get("display") for c in found["code"]["coding"]] == ["Fever", "Bed", None, None]


@pytest.mark.parametrize(
    "resource",
    [
        {
            "resourceType": "Device",
            "serialNumber": "9",
            "lotNumber": "8",
            "udiCarrier": [{"carrierHRF": "x"}],
        },
        {
            "resourceType": "Location",
            "name": "CLINIC",
            "position": {"latitude": 1.5},
            "address": {"city": "E"},
        },
        {
            "resourceType": "Practitioner",
            "name": [{"family": "X"}],
            "telecom": [{"value": "1"}],
            "birthDate": "x",
        },
        {"resourceType": "DiagnosticReport", "presentedForm": [{"data": "TWFyaWE="}]},
        {"resourceType": "Basic", "status": "Maria was here", "code": {"text": {"x": "Maria"}}},
        {"resourceType": "Basic", "code": "Maria", "active": "Maria", "valueInteger": "Maria"},
        {"resourceType": "Basic", "status": "García", "category": [{"coding": [{"code": "999-94-5397"}]}]},
        {"resourceType": "Basic", "subject": {"reference": "Patient/stranger"}},
        {"resourceType": "Basic", "extension": [{"url": "http://x.example/mother", "valueString": "Maria"}]},
    ],
)
def test_what_is_not_listed_or_not_of_its_kind_goes(resource: dict[str, Any]) -> None:
    assert cleaner().clean(resource, MARIA) == {"resourceType": resource["resourceType"]}


def test_local_terminologies_are_keyed_and_their_texts_scrubbed() -> None:
    coding = {"system": "http://hospital.example/codes", "code": "L1", "display": "Plan of Maria"}
    found = clean(resourceType="Basic", code={"coding": [coding], "text": "for Maria"})["code"]
    assert found["coding"][0]["system"].startswith("urn:local:")
    assert found["coding"][0]["display"] == "Plan of [NAME]"
    assert found["text"] == "for [NAME]"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("Patient/p1", "Patient/4711"),
        ("Patient/p1/_history/2", "Patient/4711"),
        ("https://x.example/fhir/Patient/p1", "Patient/4711"),
        ("urn:uuid:p1", "Patient/4711"),
        ("Patient?identifier=http://x.example|MRN-0042137", "Patient/4711"),
        ("urn:uuid:e9", f"urn:local:{keyed('uuid', 'e9')}"),
        ("#med", f"#{KEY.id63('contained', 'med')}"),
        ("Maria", None),
    ],
)
def test_references(reference: str, found: str | None) -> None:
    kept = clean(resourceType="Basic", subject={"reference": reference}).get("subject")
    assert (kept or {}).get("reference") == found


def test_references_by_identifier_alone_meet_conditional_ones() -> None:
    found = clean(
        resourceType="PractitionerRole",
        practitioner={"identifier": {"system": "npi", "value": "1"}, "display": "Dr. X"},
        performer=[{"reference": "Practitioner?identifier=npi|1"}],
    )
    assert found["practitioner"] == found["performer"][0]


def test_contained_resources_by_the_same_rules() -> None:
    inside = {"resourceType": "Medication", "id": "med", "code": {"coding": [SNOMED]}, "name": "Maria"}
    found = clean(
        resourceType="MedicationRequest", contained=[inside], medicationReference={"reference": "#med"}
    )
    assert found["contained"][0]["code"] == {"coding": [SNOMED]}
    assert found["medicationReference"]["reference"] == "#" + found["contained"][0]["id"]
    assert "name" not in found["contained"][0]


JSON = st.recursive(
    st.sampled_from(["García", "MRN-0042137", "1927-05-21", "5558107203", 5, True, None]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(allowed()["*"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({*allowed()["*"], "coding", "name", "div"})), JSON, max_size=6))
def test_no_trait_passes_whatever_the_resource_looks_like(resource: dict[str, Any]) -> None:
    for profile in Profile:
        text = orjson.dumps(cleaner(profile).clean({**resource, "resourceType": "Basic"}, MARIA)).decode()
        for trait in ("García", "0042137", "1927-05-21", "5558107203"):
            assert trait not in text


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("2023-07-01T02:30:00Z", "2023-03-22T22:30:00"),
        ("2023-07-01T02:30:00+00:00", "2023-03-22T22:30:00"),
        ("2023-07-01T02:30:00+02:00", "2023-03-23T02:30:00"),
        ("2023-01-01T02:30:00.5Z", "2022-09-22T21:30:00.500000"),
        ("2023-07-01", "2023-03-23"),
        ("2023-07", "2023-03"),
    ],
)
def test_moments_in_utc_are_told_in_the_zone_of_the_source(stated: str, told: str) -> None:
    """As in columns: the same moment lies on the same day in every table."""
    scrubber = Scrubber(Profile.EXPERT, TODAY)
    cleaned = ResourceCleaner(KEY, Profile.EXPERT, PEOPLE, TODAY, "a", scrubber, "America/New_York")
    found = cleaned.clean({"resourceType": "CarePlan", "period": {"start": stated}}, MARIA)
    assert found["period"] == {"start": told}
