"""One FHIR resource of every type that has a table, of one invented person who is named where people write names."""

from __future__ import annotations

from typing import Any

Resource = dict[str, Any]

_DAY = "2023-05-04"
_MOMENT = f"{_DAY}T08:30:00-04:00"


def clinical_resources(key: str, family: str, given: str) -> list[Resource]:
    """Resources whose ids end in `key`, of the patient `p<key>` and the visit `e<key>`."""
    name = f"{given} {family}"
    about = {
        "subject": {"reference": f"Patient/p{key}", "display": name},
        "encounter": {"reference": f"Encounter/e{key}"},
    }
    patient = {"patient": about["subject"], "encounter": about["encounter"]}
    told = [{"text": f"told to {name}"}]
    drug = {
        "medicationCodeableConcept": _code(
            "http://www.nlm.nih.gov/research/umls/rxnorm", "308136", "Amlodipine"
        )
    }
    found: list[Resource] = [
        {"resourceType": "Practitioner", "name": [{"family": "Ostrakovic"}]},
        {"resourceType": "PractitionerRole", "practitioner": {"reference": f"Practitioner/x{key}"}},
        {"resourceType": "Organization", "name": "Larkspur Clinic"},
        {"resourceType": "Location", "name": "Ward 3"},
        {
            "resourceType": "Coverage", "status": "active", "beneficiary": about["subject"],
            "payor": [{"display": "Medicare"}], "period": {"start": "2023-01-01", "end": "2023-12-31"},
        },
        {
            "resourceType": "Procedure", "status": "completed", **about, "note": told, "performedDateTime": _MOMENT,
            "code": _code("http://snomed.info/sct", "80146002", "Appendectomy"),
        },
        {
            "resourceType": "AllergyIntolerance", **patient, "note": told, "recordedDate": _DAY,
            "code": _code("http://snomed.info/sct", "91936005", "Allergy to penicillin"),
        },
        {
            "resourceType": "DiagnosticReport", "status": "final", **about, "effectiveDateTime": _MOMENT,
            "code": _code("http://loinc.org", "58410-2", "CBC panel"), "conclusion": f"Normal for {name}",
        },
        {
            "resourceType": "Specimen", "subject": about["subject"], "note": told,
            "type": _code("http://snomed.info/sct", "119297000", "Blood specimen"),
            "collection": {"collectedDateTime": _MOMENT},
        },
        {
            "resourceType": "DeviceUseStatement", "status": "active", "subject": about["subject"], "note": told,
            "timingDateTime": _MOMENT, "device": {"display": f"Pacemaker of {name}"},
        },
        {
            "resourceType": "Observation", "status": "final", **about, "note": told, "effectiveDateTime": _MOMENT,
            "code": _code("http://loinc.org", "8867-4", "Heart rate"),
            "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
        },
        {"resourceType": "MedicationRequest", "status": "active", **about, **drug, "note": told, "authoredOn": _DAY},
        {
            "resourceType": "MedicationAdministration", "status": "completed", "subject": about["subject"], **drug,
            "note": told, "effectiveDateTime": _MOMENT,
        },
        {
            "resourceType": "MedicationStatement", "status": "active", "subject": about["subject"], **drug,
            "note": told, "effectiveDateTime": _DAY,
        },
        {
            "resourceType": "MedicationDispense", "status": "completed", "subject": about["subject"], **drug,
            "note": told, "whenHandedOver": _MOMENT,
        },
        {
            "resourceType": "Immunization", "status": "completed", **patient, "note": told,
            "occurrenceDateTime": _DAY, "vaccineCode": _code("http://hl7.org/fhir/sid/cvx", "140", "Influenza"),
        },
    ]  # fmt: skip
    return [{"id": f"x{key}", **resource} for resource in found]


def _code(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}
