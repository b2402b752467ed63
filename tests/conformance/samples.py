"""A small valid export for each kind of connector, with invented people planted in it.

A connector of a plugin brings its own: a module `samples` beside the connector's, with a function
`conformance_samples(folder, times)` that writes `times` as many records and returns the planted values.
"""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from connectors.registry import connector
from tests import hl7v2_messages
from tests.conformance.ccda_sample import ccda_export
from tests.conformance.csv_samples import csv_export, synthea_export
from tests.conformance.fhir_sample import clinical_resources
from tests.conformance.omop_sample import omop_export

Maker = Callable[[Path, int], Sequence[str]]

PEOPLE = (("Quillfeather", "Zebediah", "MRN-8801277"), ("Thistlewhit", "Ottoline", "MRN-8801278"))
STREET, PHONE, ACCESSION = "14 Larkspur Passage", "555-0182-3377", "ACC-77120391"
CHANGED = "2024-02-17"
_KEY = "@@"


def fhir_export(folder: Path, times: int) -> Sequence[str]:
    """Patients with a resource of every type that has a table, a note that names them, and a goal that has none."""
    lines = [[json.dumps(resource) + "\n" for resource in _fhir_person(_KEY, *person)] for person in PEOPLE]
    with (
        (folder / "Patient.ndjson").open("w") as patients,
        (folder / "Clinical.ndjson").open("w") as clinical,
    ):
        for turn in range(times):
            for number, (patient, *others) in enumerate(lines):
                patients.write(patient.replace(_KEY, f"{turn}-{number}"))
                clinical.write("".join(others).replace(_KEY, f"{turn}-{number}"))
    names = [name for family, given, _ in PEOPLE for name in (family, given)]
    return [*names, *(number for *_, number in PEOPLE), STREET, PHONE, "1961-04-23"]


def _fhir_person(key: str, family: str, given: str, number: str) -> list[dict[str, Any]]:
    patient, visit = {"reference": f"Patient/p{key}"}, {"reference": f"Encounter/e{key}"}
    note = f"{given} {family} ({number}), born 1961-04-23, of {STREET}, called from {PHONE}. No fever."
    return [
        {
            "resourceType": "Patient",
            "id": f"p{key}",
            "meta": {"lastUpdated": f"{CHANGED}T03:04:05.678Z"},
            "identifier": [{"system": "urn:hospital", "value": number}],
            "name": [{"family": family, "given": [given]}],
            "telecom": [{"system": "phone", "value": PHONE}],
            "address": [{"line": [STREET], "postalCode": "02139", "state": "MA"}],
            "gender": "female",
            "birthDate": "1961-04-23",
        },
        {
            "resourceType": "Encounter",
            "id": f"e{key}",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {**patient, "display": f"{given} {family}"},
            "period": {"start": "2023-05-04T08:00:00-04:00", "end": "2023-05-04T09:00:00-04:00"},
        },
        {
            "resourceType": "Condition",
            "id": f"c{key}",
            "code": {
                "coding": [
                    {"system": "http://snomed.info/sct", "code": "38341003", "display": "Hypertension"}
                ]
            },
            "subject": patient,
            "encounter": visit,
            "onsetDateTime": "2023-05-04",
        },
        {
            "resourceType": "DocumentReference",
            "id": f"d{key}",
            "status": "current",
            "subject": patient,
            "date": "2023-05-04T09:00:00-04:00",
            "content": [{"attachment": {"contentType": "text/plain", "data": _base64(note)}}],
        },
        {
            "resourceType": "Goal",  # has no home in OMOP
            "id": f"o{key}",
            "lifecycleStatus": "active",
            "subject": {**patient, "display": f"{given} {family}"},
            "note": [{"text": note}],
            "valueString": f"told to {family}",
        },
        *clinical_resources(key, family, given),
    ]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def dicom_export(folder: Path, times: int) -> Sequence[str]:
    """Real images that ship inside pydicom, under invented people."""
    import pydicom
    import pydicom.uid
    from pydicom.data import get_testdata_file

    uids = []
    for turn in range(times):
        for position, (family, given, number) in enumerate(PEOPLE):
            name = ("CT_small.dcm", "MR_small.dcm")[position]
            image = pydicom.dcmread(str(get_testdata_file(name, download=False)))
            uid = f"1.2.826.0.1.3680043.8.498.77.{position}.{turn}"
            image.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(uid)
            image.SOPInstanceUID, image.PatientName, image.PatientID = uid, f"{family}^{given}", number
            image.PatientBirthDate, image.AccessionNumber = "19610423", ACCESSION
            image.StudyDescription = f"CT of {family}, {given}"
            image.save_as(folder / f"image-{turn:04d}-{position}.dcm")
            uids += [uid, str(image.StudyInstanceUID), str(image.SeriesInstanceUID)]
    names = [name for family, given, _ in PEOPLE for name in (family, given)]
    return [*names, *(number for *_, number in PEOPLE), ACCESSION, "19610423", *dict.fromkeys(uids)]


def vcf_export(folder: Path, times: int) -> Sequence[str]:
    """Two samples, one of them named like a person, in records of one contig."""
    samples = [f"{PEOPLE[0][1]}_{PEOPLE[0][0]}", PEOPLE[1][2]]
    head = [
        "##fileformat=VCFv4.3",
        "##contig=<ID=20,length=64444167>",
        f"##commandline=call --sample {samples[0]} --bam {samples[1]}.bam",
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
        '##INFO=<ID=SRC,Number=1,Type=String,Description="Where it was seen first">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">',
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]),
    ]
    with (folder / "calls.vcf").open("w") as file:
        file.writelines(line + "\n" for line in head)
        for n in range(3 * times):
            info = f"DP={n % 60}" + (f";SRC={samples[0]}" if n % 3 == 0 else "")
            file.write(f"20\t{1000 + 7 * n}\trs{n}\tA\tC\t29\tPASS\t{info}\tGT:GQ\t0|1:{n % 99}\t1|1:48\n")
    return [PEOPLE[0][1], PEOPLE[0][0], *samples]


MAKERS: dict[str, Maker] = {
    "fhir": fhir_export,
    "dicom": dicom_export,
    "vcf": vcf_export,
    "synthea": synthea_export,
    "csv": csv_export,
    "omop": omop_export,
    "hl7v2": hl7v2_messages.conformance_export,
    "ccda": ccda_export,
}


def maker(kind: str) -> Maker:
    """How a kind's sample is made.

    Raises:
        AssertionError: nobody says how.
    """
    if kind in MAKERS:
        return MAKERS[kind]
    package = type(connector(kind)).__module__.rpartition(".")[0]
    name = f"{package}.samples" if package else "samples"
    hook = getattr(importlib.import_module(name), "conformance_samples", None)
    assert hook is not None, f"{name} needs a function conformance_samples(folder, times)"
    made: Maker = hook
    return made
