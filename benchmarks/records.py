"""Exports of invented records: FHIR NDJSON whose resources are built like those of Synthea's bulk export.

Names, numbers and notes are drawn here; nothing is copied from an export. One in 400 records is one that cleaning
must reject, so that a reader that does not look is found out.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson

Resource = dict[str, Any]
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
SNOMED = "http://snomed.info/sct"
_HL7 = "http://terminology.hl7.org/CodeSystem/"
_DIRTY_ONE_IN = 400

_GIVEN = "Ada Bruno Clara Dorian Elif Farid Greta Hana Ivo Jonas Kaja Lena Milo Nadia Oskar Petra Quirin Rosa".split()
_FAMILY = "Albrecht Berger Castellan Dvorak Eriksen Farkas Galvez Hartog Ivanov Jensen Kovacs Lindqvist Moreau".split()
_VISITS = {
    "185345009": "Encounter for symptom", "162673000": "General examination of patient (procedure)",
    "185349003": "Encounter for check up (procedure)", "50849002": "Emergency room admission (procedure)",
    "390906007": "Follow-up encounter", "424441002": "Prenatal initial visit", "702927004": "Urgent care clinic",
}  # fmt: skip
_FINDINGS = {
    "444814009": "Viral sinusitis (disorder)", "195662009": "Acute viral pharyngitis (disorder)",
    "59621000": "Essential hypertension (disorder)", "44054006": "Diabetes mellitus type 2 (disorder)",
    "10509002": "Acute bronchitis (disorder)", "271737000": "Anemia (disorder)",
    "160903007": "Full-time employment (finding)", "73595000": "Stress (finding)",
    "162864005": "Body mass index 30+ - obesity (finding)", "40055000": "Chronic sinusitis (disorder)",
}  # fmt: skip
_DRUGS = (
    "lisinopril 10 mg oral tablet; metformin 500 mg oral tablet; amoxicillin 250 mg oral capsule; "
    "acetaminophen 325 mg oral tablet; simvastatin 20 mg oral tablet; naproxen 220 mg oral tablet"
).split("; ")
_COMPLAINTS = (
    "cough;fever;fatigue;shortness of breath;sore throat;headache;joint pain;dizziness;nausea".split(";")
)
_CLASSES = ("AMB", "AMB", "AMB", "EMER", "IMP", "VR", "HH")


@dataclass(frozen=True)
class Patient:
    """An invented patient: the logical id, and what a record says of them."""

    ident: str
    given: str
    family: str
    birth: date

    @property
    def reference(self) -> str:
        """How other resources refer to them."""
        return f"Patient/{self.ident}"


def invent_patients(count: int, seed: int = 7) -> list[Patient]:
    """Invented patients, the same for the same seed."""
    rng = Random(f"patients:{seed}")
    found = []
    for _ in range(count):
        born = date(1935, 1, 1) + timedelta(days=rng.randrange(28_000))
        names = (
            rng.choice(_GIVEN) + str(rng.randrange(100, 999)),
            rng.choice(_FAMILY) + str(rng.randrange(100, 999)),
        )
        found.append(Patient(make_uuid(rng), *names, born))
    return found


def make_uuid(rng: Random) -> str:
    """A random id in the form of a UUID."""
    text = f"{rng.getrandbits(128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def patient(who: Patient, _rng: Random) -> Resource:
    """A Patient resource."""
    number = {"coding": [{"system": _HL7 + "v2-0203", "code": "MR", "display": "Medical Record Number"}]}
    return {
        "resourceType": "Patient",
        "id": who.ident,
        "meta": {"profile": [US_CORE + "patient"]},
        "identifier": [{"type": number, "system": "http://hospital.example.org", "value": who.ident}],
        "name": [{"use": "official", "family": who.family, "given": [who.given]}],
        "telecom": [{"system": "phone", "value": f"555-{who.birth:%j}-{who.birth:%m%d}", "use": "home"}],
        "gender": "female" if who.birth.day % 2 else "male",
        "birthDate": who.birth.isoformat(),
        "address": [
            {"line": [f"{who.birth:%d} Mill Lane"], "city": "Oakham", "state": "MA", "postalCode": "01068"}
        ],
    }


def encounter(who: Patient, rng: Random) -> Resource:
    """An Encounter resource."""
    start, stop = _period(who, rng)
    code = rng.choice(list(_VISITS))
    ident, dirty = make_uuid(rng), not rng.randrange(_DIRTY_ONE_IN)
    hospital = {
        "reference": f"Organization?identifier=https://example.org|{make_uuid(rng)}",
        "display": "OAKHAM HOSPITAL",
    }
    role = {"system": _HL7 + "v3-ParticipationType", "code": "PPRF", "display": "primary performer"}
    period = {"start": stop, "end": start} if dirty else {"start": start, "end": stop}
    doctor = {"reference": f"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|{rng.randrange(10**10)}"}
    return {
        "resourceType": "Encounter",
        "id": ident,
        "meta": {"profile": [US_CORE + "encounter"]},
        "identifier": [{"use": "official", "system": "https://example.org/encounters", "value": ident}],
        "status": "finished",
        "class": {"system": _HL7 + "v3-ActCode", "code": rng.choice(_CLASSES)},
        "type": [{"coding": [_snomed(code, _VISITS)], "text": _VISITS[code]}],
        "subject": {"reference": who.reference, "display": f"Mx. {who.given} {who.family}"},
        "participant": [
            {"type": [{"coding": [role], "text": role["display"]}], "period": period, "individual": doctor}
        ],
        "period": period,
        "reasonCode": [{"coding": [_snomed(rng.choice(list(_FINDINGS)), _FINDINGS)]}],
        "location": [
            {"location": {**hospital, "reference": hospital["reference"].replace("Organization", "Location")}}
        ],
        "serviceProvider": hospital,
    }


def condition(who: Patient, rng: Random) -> Resource:
    """A Condition resource."""
    start, stop = _period(who, rng, days=rng.randrange(1, 90))
    code, resolved = rng.choice(list(_FINDINGS)), rng.random() < 0.6
    verified = "entered-in-error" if not rng.randrange(_DIRTY_ONE_IN) else "confirmed"
    found = {
        "resourceType": "Condition",
        "id": make_uuid(rng),
        "meta": {"profile": [US_CORE + "condition-encounter-diagnosis"]},
        "clinicalStatus": _concept("condition-clinical", "resolved" if resolved else "active"),
        "verificationStatus": _concept("condition-ver-status", verified),
        "category": [_concept("condition-category", "encounter-diagnosis")],
        "code": {"coding": [_snomed(code, _FINDINGS)], "text": _FINDINGS[code]},
        "subject": {"reference": who.reference},
        "encounter": {"reference": f"Encounter/{make_uuid(rng)}"},
        "onsetDateTime": start,
        "recordedDate": start,
    }
    return {**found, "abatementDateTime": stop} if resolved else found


def document_reference(who: Patient, rng: Random) -> Resource:
    """A DocumentReference with its note inside."""
    start, stop = _period(who, rng)
    note = " \n\t" if not rng.randrange(_DIRTY_ONE_IN) else write_note(who, start, rng)
    kinds = [("34117-2", "History and physical note"), ("51847-2", "Evaluation + Plan note")]
    return {
        "resourceType": "DocumentReference",
        "id": make_uuid(rng),
        "meta": {"profile": [US_CORE + "documentreference"]},
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{make_uuid(rng)}"}],
        "status": "superseded",
        "type": {"coding": [{"system": "http://loinc.org", "code": c, "display": d} for c, d in kinds]},
        "subject": {"reference": who.reference},
        "date": f"{start[:19]}.{rng.randrange(1000):03d}{start[19:]}",
        "author": [
            {"reference": f"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|{rng.randrange(10**10)}"}
        ],
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": _base64(note)}}],
        "context": {
            "encounter": [{"reference": f"Encounter/{make_uuid(rng)}"}],
            "period": {"start": start, "end": stop},
        },
    }


MAKERS: dict[str, Callable[[Patient, Random], Resource]] = {
    "Encounter": encounter,
    "Condition": condition,
    "DocumentReference": document_reference,
}


def write_note(who: Patient, start: str, rng: Random) -> str:
    """A note that names its patient, dates itself and tells an age."""
    age = int(start[:4]) - who.birth.year
    history = ", ".join(text.lower() for text in rng.sample(list(_FINDINGS.values()), rng.randrange(2, 7)))
    plan = "\n".join(f"- {drug}" for drug in rng.choices(_DRUGS, k=rng.randrange(2, 24)))
    return (
        f"\n{start[:10]}\n\n# Chief Complaint\n- {rng.choice(_COMPLAINTS).capitalize()}\n\n"
        f"# History of Present Illness\n{who.given} {who.family}\n is a {age} year-old patient"
        f" with a history of {history}.\n"
        f"\n# Social History\nPatient quit smoking at age {rng.randrange(18, 40)}.\n\n"
        "# Allergies\nNo Known Allergies.\n\n"
        f"# Medications\n{'; '.join(rng.sample(_DRUGS, 2))}\n\n# Assessment and Plan\n\n## Plan\n\n{plan}\n"
    )


def _period(who: Patient, rng: Random, days: int = 0) -> tuple[str, str]:
    """Start and stop in local wall time with its offset, from the age of 18 on."""
    begin = datetime(who.birth.year + 18, 1, 1) + timedelta(seconds=rng.randrange(18 * 365 * 86_400))
    stop = begin + timedelta(days=days, seconds=rng.randrange(900, 14_000))
    zone = "-04:00" if 4 <= begin.month <= 10 else "-05:00"
    return begin.isoformat() + zone, stop.isoformat() + zone


def _snomed(code: str, among: dict[str, str]) -> Resource:
    return {"system": SNOMED, "code": code, "display": among[code]}


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": _HL7 + system, "code": code}]}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def lines_of(kind: str, people: list[Patient], seed: int) -> Iterator[bytes]:
    """NDJSON lines of one type about people drawn at random, without end."""
    rng, make = Random(f"{kind}:{seed}"), MAKERS[kind]
    while True:
        yield orjson.dumps(make(rng.choice(people), rng)) + b"\n"


def write_patients(path: Path, people: list[Patient]) -> None:
    """A file of Patient resources."""
    path.write_bytes(b"".join(orjson.dumps(patient(who, Random(0))) + b"\n" for who in people))


def write_records(path: Path, kinds: tuple[str, ...], people: list[Patient], size: int, seed: int) -> int:
    """A file of about `size` bytes whose types take turns; returns how many records it holds."""
    sources = [lines_of(kind, people, seed) for kind in kinds]
    written = count = 0
    with path.open("wb") as file:
        while written < size:
            written += file.write(next(sources[count % len(sources)]))
            count += 1
    return count
