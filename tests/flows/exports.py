"""Small exports written by tests: FHIR resources of a few patients, and a DICOM image."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.dicom_files import image, write

Resource = dict[str, Any]


def patient(number: int, family: str = "Quillfeather", updated: str = "2024-01-01T00:00:00Z") -> Resource:
    """A Patient with an MRN, born in 1950 plus `number`."""
    return {
        "resourceType": "Patient",
        "id": f"patient-{number}",
        "meta": {"lastUpdated": updated},
        "identifier": [
            {"type": {"coding": [{"code": "MR"}]}, "system": "urn:test:mrn", "value": mrn(number)}
        ],
        "name": [{"family": f"{family}{number}", "given": ["Aurelia"]}],
        "gender": "female",
        "birthDate": f"{1950 + number}-04-05",
    }


def mrn(number: int) -> str:
    """The medical record number of a patient."""
    return f"MRN-{770_000 + number}"


def encounter(
    name: str, number: int, start: str = "2023-05-06", updated: str = "2024-01-01T00:00:00Z"
) -> Resource:
    """An ambulatory visit of a patient on one day."""
    return {
        "resourceType": "Encounter",
        "id": name,
        "meta": {"lastUpdated": updated},
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/patient-{number}"},
        "period": {"start": f"{start}T10:00:00Z", "end": f"{start}T11:00:00Z"},
    }


def condition(name: str, number: int, visit: str, onset: str = "2023-05-06") -> Resource:
    """A diagnosis made at a visit."""
    return {
        "resourceType": "Condition",
        "id": name,
        "meta": {"lastUpdated": "2024-01-01T00:00:00Z"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "267036007", "display": "Dyspnea"}]},
        "subject": {"reference": f"Patient/patient-{number}"},
        "encounter": {"reference": f"Encounter/{visit}"},
        "onsetDateTime": onset,
    }


def note(name: str, number: int, visit: str, text: str, updated: str = "2024-01-01T00:00:00Z") -> Resource:
    """A plain-text note of a visit."""
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "meta": {"lastUpdated": updated},
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}]},
        "subject": {"reference": f"Patient/patient-{number}"},
        "date": "2023-05-06T11:00:00Z",
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        "context": {"encounter": [{"reference": f"Encounter/{visit}"}]},
    }


def write_records(path: Path, resources: Iterable[Resource]) -> Path:
    """Write resources as NDJSON, in the folder made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
    return path


def write_image(path: Path, patient_id: str, number: int, study_date: str = "20230506") -> Path:
    """Write a small image of a patient; `number` tells its UIDs and pixels apart from others'."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = image(
        PatientID=patient_id,
        StudyDate=study_date,
        SOPInstanceUID=f"1.2.826.77.{number}.1",
        SeriesInstanceUID=f"1.2.826.77.{number}.2",
        StudyInstanceUID=f"1.2.826.77.{number}.3",
        PixelData=bytes((number * 7 + i) % 256 for i in range(16)),
    )
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return write(path, made)


def write_links(path: Path, rows: Iterable[tuple[str, str, str, str]]) -> Path:
    """Write a crosswalk file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["authority_a,identifier_a,authority_b,identifier_b", *(",".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path
