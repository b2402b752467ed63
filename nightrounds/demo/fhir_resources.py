"""FHIR R4 resources of the demo's two hospitals, in the shape that US hospitals export (US Core)."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from random import Random
from typing import Any

from nightrounds.demo.chart import INSTITUTIONS, Visit, with_offset
from nightrounds.demo.people import Registration, TruePerson

Resource = dict[str, Any]

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_CLASSES = {"AMB": "ambulatory", "EMER": "emergency", "IMP": "inpatient encounter"}
_ENCOUNTER_TYPES = {
    "AMB": ("185347001", "Encounter for problem (procedure)"),
    "EMER": ("50849002", "Emergency room admission (procedure)"),
    "IMP": ("32485007", "Hospital admission (procedure)"),
}
_NOTE_TYPES = {
    "34117-2": "History and physical note",
    "11506-3": "Progress note",
    "18842-5": "Discharge summary",
    "34111-5": "Emergency department Note",
}


def mrn_system(authority: str) -> str:
    """The system of an authority's record numbers."""
    return f"urn:demo:{authority}:mrn"


def patient(person: TruePerson, registration: Registration, updated: datetime) -> Resource:
    """The Patient of one registration: `id` is the server's own, the MRN is the identifier of type MR."""
    names = [{"use": "official", "family": registration.family, "given": person.given.split()}]
    if registration.maiden:
        names.append({"use": "maiden", "family": registration.maiden, "given": person.given.split()})
    resource: Resource = {
        **_base("Patient", registration.resource_id, updated, "patient"),
        "text": {"status": "generated", "div": _narrative(person, registration)},
        "identifier": [
            _identifier("MR", "Medical Record Number", mrn_system(registration.authority), registration.mrn),
            _identifier("SS", "Social Security Number", "http://hl7.org/fhir/sid/us-ssn", person.ssn),
        ],
        "active": True,
        "name": names,
        "telecom": [
            {"system": "phone", "value": person.phone, "use": "home"},
            {"system": "email", "value": person.email},
        ],
        "gender": "female" if person.sex == "F" else "male",
        "birthDate": person.birth,
        "address": [
            {
                "use": "home", "line": [person.line], "city": person.city, "state": person.state,
                "postalCode": person.postal_code, "country": "US",
            }
        ],
        "communication": [{"language": _concept("urn:ietf:bcp:47", "en-US", "English (United States)")}],
    }  # fmt: skip
    if person.death:
        resource["deceasedDateTime"] = with_offset(datetime.fromisoformat(person.death) + timedelta(hours=21))
    if person.is_a("twin"):
        resource["multipleBirthBoolean"] = True
    if person.contact is not None:
        resource["contact"] = [
            {
                "relationship": [{"text": person.contact.relation}],
                "name": {"text": person.contact.name},
                "telecom": [{"system": "phone", "value": person.contact.phone}],
            }
        ]
    return resource


def encounter(visit: Visit, updated: datetime) -> Resource:
    """The Encounter resource of a visit."""
    setting = visit.scene["setting"]
    code, display = _ENCOUNTER_TYPES[setting]
    doctor = {"display": f"Dr. {visit.clinician}"}
    return {
        **_base("Encounter", visit.encounter_id, updated, "encounter"),
        "status": "finished",
        "class": {"system": _TERMINOLOGY + "v3-ActCode", "code": setting, "display": _CLASSES[setting]},
        "type": [_concept("http://snomed.info/sct", code, display)],
        "subject": {**_subject(visit), "display": f"{visit.person.given} {visit.registration.family}"},
        "participant": [{"individual": doctor}],
        "period": {"start": with_offset(visit.start), "end": with_offset(visit.end)},
        "reasonCode": [{"text": visit.scene["complaint"]}],
        "serviceProvider": {"display": INSTITUTIONS[visit.registration.authority]},
    }


def condition(visit: Visit, updated: datetime) -> Resource:
    """The diagnosis made at a visit, coded in SNOMED CT and ICD-10-CM."""
    scene = visit.scene
    code = _concept("http://snomed.info/sct", scene["snomed"], scene["display"])
    code["coding"].append({"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": scene["icd10"]})
    return {
        **_base("Condition", visit.condition_id, updated, "condition-encounter-diagnosis"),
        "clinicalStatus": _concept(_TERMINOLOGY + "condition-clinical", "active", "Active"),
        "verificationStatus": _concept(_TERMINOLOGY + "condition-ver-status", "confirmed", "Confirmed"),
        "category": [
            _concept(_TERMINOLOGY + "condition-category", "encounter-diagnosis", "Encounter Diagnosis"),
        ],
        "code": code,
        "subject": _subject(visit),
        "encounter": {"reference": f"Encounter/{visit.encounter_id}"},
        "onsetDateTime": with_offset(visit.start),
        "recordedDate": with_offset(visit.end),
    }


def document(visit: Visit, text: str, updated: datetime, status: str = "current") -> Resource:
    """The DocumentReference that carries a visit's note as base64 of UTF-8 plain text."""
    loinc = visit.scene["note"]
    data = base64.b64encode(text.encode()).decode()
    return {
        **_base("DocumentReference", visit.note_id, updated, "documentreference"),
        "status": status,
        "type": _concept("http://loinc.org", loinc, _NOTE_TYPES[loinc]),
        "category": [_concept(_US_CORE + "documentreference-category", "clinical-note", "Clinical Note")],
        "subject": _subject(visit),
        "date": with_offset(visit.end),
        "author": [{"display": f"Dr. {visit.clinician}"}],
        "custodian": {"display": INSTITUTIONS[visit.registration.authority]},
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": data}}],
        "context": {
            "encounter": [{"reference": f"Encounter/{visit.encounter_id}"}],
            "period": {"start": with_offset(visit.start), "end": with_offset(visit.end)},
        },
    }


def observations(visit: Visit, updated: datetime, seed: int) -> list[Resource]:
    """Heart rate (per minute) and oxygen saturation (per cent) measured at a visit."""
    rng = Random(f"{seed}:vitals:{visit.encounter_id}")
    ill = visit.scene["setting"] != "AMB"
    measured = (
        ("8867-4", "Heart rate", rng.randrange(84, 128) if ill else rng.randrange(58, 90), "/min"),
        ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", rng.randrange(90, 97), "%"),
    )
    return [
        {
            **_base("Observation", f"{visit.encounter_id}-v{number}"[-60:], updated, "vital-signs"),
            "status": "final",
            "category": [_concept(_TERMINOLOGY + "observation-category", "vital-signs", "Vital Signs")],
            "code": _concept("http://loinc.org", code, display),
            "subject": _subject(visit),
            "encounter": {"reference": f"Encounter/{visit.encounter_id}"},
            "effectiveDateTime": with_offset(visit.start),
            "valueQuantity": {
                "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit,
            },
        }
        for number, (code, display, value, unit) in enumerate(measured, 1)
    ]  # fmt: skip


def deletion(resource: Resource, when: datetime) -> Resource:
    """The Bundle by which Bulk Data says that a resource is no more (IG 2.0, `deleted`)."""
    request = {"method": "DELETE", "url": f"{resource['resourceType']}/{resource['id']}"}
    entry = [{"request": request}]
    return {"resourceType": "Bundle", "type": "transaction", "timestamp": with_offset(when), "entry": entry}


def practitioner(name: str, number: int, updated: datetime) -> Resource:
    """A clinician of the hospital."""
    given, family = name.split()
    return {
        **_base("Practitioner", f"practitioner-{number}", updated, "practitioner"),
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": f"99999{number:05d}"}],
        "name": [{"family": family, "given": [given], "prefix": ["Dr."]}],
    }


def _base(kind: str, resource_id: str, updated: datetime, profile: str) -> Resource:
    meta = {"lastUpdated": with_offset(updated), "profile": [_US_CORE + profile]}
    return {"resourceType": kind, "id": resource_id, "meta": meta}


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def _identifier(code: str, display: str, system: str, value: str) -> dict[str, Any]:
    return {"type": _concept(_TERMINOLOGY + "v2-0203", code, display), "system": system, "value": value}


def _narrative(person: TruePerson, registration: Registration) -> str:
    inner = f"{person.given} {registration.family}, born {person.birth}, MRN {registration.mrn}"
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'


def _subject(visit: Visit) -> dict[str, str]:
    return {"reference": f"Patient/{visit.registration.resource_id}"}
