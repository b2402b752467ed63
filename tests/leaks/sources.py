"""Plain readers of the exports' identifiers: FHIR by json, DICOM by pydicom, VCF by pysam."""

from __future__ import annotations

import base64
import gzip
import json
import re
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tests.leaks.dicom import elements_of, read_dataset
from tests.leaks.identifiers import Identifiers
from tests.leaks.records import read_ccda, read_hl7v2
from tests.leaks.tables import read_csv, read_omop, read_synthea
from tests.leaks.words import words_of_display, words_of_text

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement

_IDENTIFIER_KINDS = {"MR": "mrn", "SS": "ssn", "DL": "licence", "PPN": "passport"}
UNREADABLE = "(no JSON)"
_IDENTIFIED = ("Encounter", "Condition", "DocumentReference")
_PIXELS = 0x7FE0
_STAFF_KIND, _PATIENT_KIND = "dicom_staff_name", "dicom_patient_name"
_ELEMENTS = {
    "PatientID": "dicom_patient_id",
    "OtherPatientIDs": "dicom_patient_id",
    "AccessionNumber": "accession_number",
    "StudyID": "dicom_study_id",
    "InstitutionName": "institution",
    "InstitutionAddress": "institution",
    "InstitutionalDepartmentName": "institution",
    "StationName": "station",
    "DeviceSerialNumber": "device_serial",
    "PatientAddress": "address",
    "PatientTelephoneNumbers": "phone",
    "PatientMotherBirthName": _PATIENT_KIND,
}
_VENDOR = ("Manufacturer", "ManufacturerModelName", "ImplementationVersionName", "SoftwareVersions")
_UID = re.compile(r"[0-9]+(?:\.[0-9]+){3,}")
_ID_LIKE = re.compile(r"(?=(?:.*\d){5})[A-Za-z0-9][A-Za-z0-9_/-]{4,40}")
_NAME_LIKE = re.compile(r"[A-Za-z][A-Za-z'-]+[\^,] ?[A-Za-z][A-Za-z' ^-]*")


def read_fhir(path: Path, found: Identifiers) -> None:
    """NDJSON (also .gz), single resources and bundles; other files give nothing but their names."""
    for resource in resources(path):
        _take_words(resource, found)
        kind = resource.get("resourceType")
        if kind == UNREADABLE:
            found.unread["fhir"] += 1
        elif kind == "Patient":
            _take_patient(resource, found)
        elif kind in _IDENTIFIED:
            subject = resource.get("subject")
            reference = subject.get("reference") if isinstance(subject, dict) else None
            person = "fhir/" + re.split(r"[/:]", str(reference or ""))[-1]
            found.add("resource_id", resource.get("id"), person)
            for identifier in _listed(resource.get("identifier")) + _listed(resource.get("masterIdentifier")):
                found.add("resource_id", str(identifier.get("value", "")).removeprefix("urn:uuid:"), person)


def resources(path: Path) -> Iterator[dict[str, Any]]:
    """All FHIR resources of a file: NDJSON (also .gz), one resource, or a bundle's entries."""
    if not {".ndjson", ".json", ".jsonl"} & set(path.suffixes):
        return
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")
    whole = ".json" in path.suffixes
    for document in [text] if whole else text.splitlines():
        try:
            value = json.loads(document)
        except ValueError:
            yield {"resourceType": UNREADABLE}  # no fields to collect; the report counts it
            continue
        entries = value.get("entry") if isinstance(value, dict) else None
        for resource in [e.get("resource") for e in entries] if entries else [value]:
            if isinstance(resource, dict):
                yield resource


def _take_patient(patient: dict[str, Any], found: Identifiers) -> None:
    person = f"fhir/{patient.get('id', '')}"
    found.add("resource_id", patient.get("id"), person)
    for name in _listed(patient.get("name")):
        _take_name(name, "maiden_name" if name.get("use") == "maiden" else "", person, found)
    for contact in _listed(patient.get("contact")):
        _take_name(contact.get("name", {}), "contact_name", person, found)
        _take_telecom(contact, person, found)
    for extension in _listed(patient.get("extension")):
        if str(extension.get("url", "")).endswith("mothersMaidenName"):
            given, _, family = str(extension.get("valueString", "")).rpartition(" ")
            _take_name({"family": family, "given": given.split()}, "mothers_name", person, found)
    for identifier in _listed(patient.get("identifier")):
        codes = [c.get("code") for c in _listed(identifier.get("type", {}).get("coding"))]
        kinds = [_IDENTIFIER_KINDS[code] for code in codes if code in _IDENTIFIER_KINDS]
        found.add(kinds[0] if kinds else "other_id", identifier.get("value"), person)
    _take_telecom(patient, person, found)
    for address in _listed(patient.get("address")):
        for line in _listed(address.get("line")):
            found.add("address", line, person)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", str(patient.get("birthDate", ""))):
        found.add("birth_date", patient["birthDate"], person)


def _take_telecom(holder: dict[str, Any], person: str, found: Identifiers) -> None:
    for telecom in _listed(holder.get("telecom")):
        found.add("email" if "@" in str(telecom.get("value")) else "phone", telecom.get("value"), person)


def _take_name(name: dict[str, Any], kind: str, person: str, found: Identifiers) -> None:
    family, given = str(name.get("family") or ""), [str(g) for g in _listed(name.get("given"))]
    found.add(kind or "family_name", family, person)
    for part in given:
        found.add(kind or "given_name", part, person)
    if family and given:
        found.add("name_full", f"{family}^{' '.join(given)}", person)


def _take_words(value: Any, found: Identifiers) -> None:
    """Gather clinical words: displays of codes (not of references) and lower-case words of notes."""
    if isinstance(value, list):
        for entry in value:
            _take_words(entry, found)
    elif isinstance(value, dict):
        if "code" in value and "system" in value and isinstance(value.get("display"), str):
            found.ordinary |= words_of_display(value["display"])
        if isinstance(value.get("data"), str) and str(value.get("contentType", "")).startswith("text/plain"):
            found.ordinary |= words_of_text(base64.b64decode(value["data"]).decode("utf-8", "replace"))
        for entry in value.values():
            _take_words(entry, found)


def read_dicom(path: Path, found: Identifiers) -> None:
    """Every element of the header, nested and private too, also of files in archives; what is no DICOM gives its name.

    Archives are told by what is in them: zip, and tar of any packing.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    _take_member(member.filename, archive.read(member), found)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as packed:
            for entry in packed:
                file = packed.extractfile(entry)
                if file is not None:
                    _take_member(entry.name, file.read(), found)
    else:
        _take_instance(path.read_bytes(), found)


def _take_member(name: str, data: bytes, found: Identifiers) -> None:
    found.add("file_name", PurePosixPath(name).name)
    found.add("file_stem", PurePosixPath(name).stem)
    _take_instance(data, found)


def _take_instance(data: bytes, found: Identifiers) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = read_dataset(data)
            person = f"dicom/{dataset.get('PatientID') or ''}"
            elements = [e for e in elements_of(dataset) if e.tag.group != _PIXELS]
            for element in elements:
                _take_element(element, person, found)
        except ValueError:
            found.unread["dicom"] += 1


def _take_element(element: DataElement, person: str, found: Identifiers) -> None:
    keyword = element.keyword
    values = element.value if element.VM > 1 else [element.value]
    for value in values if element.VR != "SQ" else ():
        text = str(value).strip("\0 ") if value is not None else ""
        if keyword in _VENDOR:
            found.ordinary |= {text.casefold(), *words_of_display(text)}
        elif element.VR == "PN":
            kind = _PATIENT_KIND if keyword.startswith(("Patient", "Other")) else _STAFF_KIND
            _take_person_name(text, kind, person, found)
        elif keyword in _ELEMENTS:
            found.add(_ELEMENTS[keyword], text, person)
        elif keyword == "PatientBirthDate":
            digits = text.replace(".", "")
            if re.fullmatch(r"(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", digits):
                found.add("birth_date", f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", person)
        elif element.VR == "UI" and not keyword.endswith(
            ("ClassUID", "SyntaxUID", "SchemeUID", "ContextUID")
        ):
            if not text.startswith("1.2.840.10008.") and len(text) >= 10:
                found.add("uid", text, person)
        elif element.tag.is_private and not element.tag.is_private_creator:
            _take_private(value, person, found)


def _take_person_name(text: str, kind: str, person: str, found: Identifiers) -> None:
    for group in text.split("="):
        parts = [part for part in re.split(r"[\^ ,]+", group) if part]
        for part in parts:
            found.add(kind, part, person)
        if len(parts) > 1:
            found.add(kind.removesuffix("name") + "name_full", f"{parts[0]}^{' '.join(parts[1:])}", person)


def _take_private(value: Any, person: str, found: Identifiers) -> None:
    """Private values of no known meaning: only what is shaped like a UID, a name or an id of five digits."""
    text = (
        value.decode("latin-1") if isinstance(value, bytes) else str(value) if isinstance(value, str) else ""
    )
    text = text.strip("\0 ")
    if not text.isprintable() or len(text) > 64 or re.fullmatch(r"(?:19|20)\d{6}(?:\d{6})?(?:\.\d+)?", text):
        return
    if _UID.fullmatch(text) and len(text) >= 20 and not text.startswith("1.2.840.10008."):
        found.add("uid", text, person)
    elif _NAME_LIKE.fullmatch(text):
        found.add("private_name_full", "^".join(re.split(r"[\^,] ?", text, maxsplit=1)), person)
    elif _ID_LIKE.fullmatch(text) and not re.fullmatch(r"\d{1,6}", text):  # six digits are as likely a time
        found.add("private_value", text, person)


def read_vcf(path: Path, found: Identifiers) -> None:
    """Sample names of VCF, VCF.gz and BCF; indexes and other files give nothing but their names."""
    import pysam

    if not {".vcf", ".bcf"} & set(path.suffixes) or path.suffix in (".csi", ".tbi"):
        return
    before = pysam.set_verbosity(0)
    try:
        with pysam.VariantFile(str(path)) as file:
            samples = list(file.header.samples)
    except (ValueError, OSError):
        samples = _samples_of_text(path)  # a header that htslib refuses still names its samples
    finally:
        pysam.set_verbosity(before)
    for sample in samples:
        found.add("sample_name", sample)


def _samples_of_text(path: Path) -> list[str]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "replace")
    for line in text.splitlines():
        if line.startswith("#CHROM"):
            return line.split("\t")[9:]
    return []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


READERS: dict[str, Callable[[Path, Identifiers], None]] = {
    "fhir": read_fhir,
    "dicom": read_dicom,
    "vcf": read_vcf,
    "hl7v2": read_hl7v2,
    "ccda": read_ccda,
    "synthea": read_synthea,
    "omop": read_omop,
    "csv": read_csv,
}
