"""One invented person as eight systems send her: read from the exports as they arrived, for the page's left side."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightrounds.demo.hospital import Hospital
from nightrounds.demo.people import HOSPITAL_A, HOSPITAL_B, LAB, RADIOLOGY

_HEADER = (
    (0x00100010, "Patient's name"), (0x00100020, "Patient ID"), (0x00100030, "Birth date"),
    (0x00080050, "Accession number"), (0x00080020, "Study date"), (0x00081030, "Study description"),
    (0x00080080, "Institution"), (0x00080090, "Referring physician"), (0x00101040, "Patient's address"),
    (0x0020000D, "Study UID"),
)  # fmt: skip


@dataclass(frozen=True)
class Disguise:
    """What one system calls the person: `lines` of (label, value) as they stand in `place`."""

    system: str
    format: str
    known_as: str
    place: str
    lines: tuple[tuple[str, str], ...]


def read_disguises(hospital: Hospital) -> list[Disguise]:
    """The hero's record, image header, sample and what five other systems call her, as night 1 brought them."""
    person = hospital.person(hospital.hero)
    ids = {authority: identifier for authority, identifier, _ in person["identities"]}
    folders = {s["name"]: Path(s["location"]) for s in hospital.sources_on(1)}
    return [
        _read_record(folders, ids),
        _read_image(folders["pacs"], ids[RADIOLOGY]),
        _read_sample(folders["lab"], ids[LAB]),
        _read_message(folders["interface"], ids[HOSPITAL_A]),
        _read_document(folders["exchange"], ids[HOSPITAL_B]),
        _read_row("Practices", "Synthea CSV", folders["practices"] / "patients.csv", "Id", ids[HOSPITAL_A]),
        _read_row(
            "Research warehouse",
            "OMOP CSV",
            folders["warehouse"] / "person.csv",
            "person_source_value",
            ids[HOSPITAL_B],
        ),
        _read_row(
            "Outpatient laboratory", "CSV", next(folders["laboratory"].glob("*.csv")), "mrn", ids[HOSPITAL_A]
        ),
    ]


def _read_record(folders: dict[str, Path], ids: dict[str, str]) -> Disguise:
    """What the hospital says of her, and under which other name a second one knows her."""
    path, resource = _find_patient(folders["ehr"], ids[HOSPITAL_A])
    home = resource["address"][0]
    numbers = _numbers(resource)
    lines = [
        ("Name", _name(resource, 0)), ("MRN", numbers["MR"]), ("SSN", numbers["SS"]),
        ("Born", resource["birthDate"]),
        ("Address", f"{home['line'][0]}, {home['city']}, {home['state']} {home['postalCode']}"),
        *((t["system"].capitalize(), t["value"]) for t in resource["telecom"]),
        ("Patient.id", resource["id"]),
    ]  # fmt: skip
    if HOSPITAL_B in ids:
        _, other = _find_patient(folders["clinic"], ids[HOSPITAL_B])
        lines += [("At the clinic", f"{_name(other, 0)}, formerly {_name(other, 1)}, MRN {ids[HOSPITAL_B]}")]
    return Disguise("Health record", "FHIR R4", ids[HOSPITAL_A], path.name, tuple(lines))


def _find_patient(folder: Path, mrn: str) -> tuple[Path, dict[str, Any]]:
    for path, resource in _resources(folder):
        if resource["resourceType"] == "Patient" and _numbers(resource).get("MR") == mrn:
            return path, resource
    raise LookupError("the demo's hero has no Patient resource")


def _numbers(resource: dict[str, Any]) -> dict[str, str]:
    """Identifiers by type code (MR, SS)."""
    return {i["type"]["coding"][0]["code"]: i["value"] for i in resource.get("identifier", [])}


def _name(resource: dict[str, Any], number: int) -> str:
    name = resource["name"][min(number, len(resource["name"]) - 1)]
    return f"{' '.join(name['given'])} {name['family']}"


def _resources(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The resources of a folder, without the lines that were broken on purpose."""
    for path in sorted(folder.glob("Patient*.ndjson*")):
        data = path.read_bytes()
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
            yield path, json.loads(line)


def _read_image(folder: Path, patient_id: str) -> Disguise:
    from connectors.dicom.dataset import is_metadata, load_elements, survey_elements
    from connectors.dicom.recognise import recognise
    from connectors.dicom.values import text_of
    from contracts.errors import Rejected
    from stores.places import LocalPlace

    for path in sorted(folder.rglob("*.dcm")):
        place = LocalPlace(path)
        try:
            opening = recognise(place)
            if opening is None:
                continue
            dataset = load_elements(place, opening, survey_elements(place, opening).elements, is_metadata)
        except Rejected:
            continue  # the demo's own broken files
        if text_of(dataset, 0x00100020) != patient_id:
            continue
        lines = tuple((label, text) for tag, label in _HEADER if (text := text_of(dataset, tag)))
        private = [str(e.value) for e in dataset if e.tag.is_private and isinstance(e.value, str)]
        lines += tuple(("Private tag", value) for value in private[1:3])  # the first names the creator
        return Disguise("Imaging archive", "DICOM", patient_id, str(path.relative_to(folder)), lines)
    raise LookupError("the demo's hero has no image")


def _read_sample(folder: Path, sample: str) -> Disguise:
    for path in sorted(folder.glob("*.vcf")):
        lines = path.read_text(encoding="utf-8").splitlines()
        columns = next((line for line in lines if line.startswith("#CHROM")), "").split("\t")
        if sample not in columns:
            continue
        head = [
            line
            for line in lines
            if line.startswith(("##SAMPLE=", "##commandline=", "##bcftools")) and sample in line
        ]
        place = columns.index(sample)
        call = next(
            fields
            for line in lines
            if "GENE=BRCA1" in line and (fields := line.split("\t"))[place].startswith("0/1")
        )
        found = [("Sample column", sample)]
        found += [("Header line", line[2:]) for line in head]
        found += [
            ("Record", f"{call[0]}:{call[1]} {call[3]}>{call[4]} {call[2]}"),
            ("Genotype", call[place]),
        ]
        return Disguise("Genomics laboratory", "VCF 4.3", sample, path.name, tuple(found))
    raise LookupError("the demo's hero has no sample")


def _read_message(folder: Path, mrn: str) -> Disguise:
    """The patient's segment of the first message about her."""
    for path in sorted(folder.glob("*.hl7")):
        for segment in path.read_bytes().decode(errors="replace").split("\r"):
            if segment.startswith("PID|") and f"|{mrn}^" in segment:
                fields = segment.split("|")
                lines = (
                    ("PID-3", fields[3]),
                    ("PID-5", fields[5]),
                    ("PID-11", fields[11]),
                    ("PID-13", fields[13]),
                )
                return Disguise("Interface engine", "HL7 v2.5.1", mrn, path.name, lines)
    raise LookupError("the demo's hero has no message")


def _read_document(folder: Path, mrn: str) -> Disguise:
    """The title, and what is written of her in words."""
    for path in sorted(folder.glob("*.xml")):
        text = path.read_text(encoding="utf-8", errors="replace")
        told = re.search(r"<paragraph>(.*?)</paragraph>", text)
        title = re.search(r"<title>(.*?)</title>", text)
        if f'extension="{mrn}"' in text and told and title and "<!DOCTYPE" not in text:
            lines = (("Title", title[1]), ("Narrative", told[1]))
            return Disguise("Exchange", "C-CDA R2.1", mrn, path.name, lines)
    raise LookupError("the demo's hero has no document")


def _read_row(system: str, form: str, path: Path, column: str, number: str) -> Disguise:
    """Her first row of a table, as far as it has values."""
    with path.open(newline="", encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row[column] == number)
    told = ", ".join(value for name, value in row.items() if value)
    return Disguise(system, form, number, path.name, (("Row", told),))
