"""Plain readers of the identifiers in CSV: Synthea's, OMOP's, and any other by its mapping and its columns' names."""

from __future__ import annotations

import csv
import gzip
import io
import re
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tests.leaks.identifiers import Identifiers
from tests.leaks.records import text_of
from tests.leaks.words import words_of_display, words_of_text

Row = dict[str, str]

_SYNTHEA_PATIENT = {
    "id": "resource_id", "ssn": "ssn", "drivers": "licence", "passport": "passport", "first": "given_name",
    "middle": "given_name", "last": "family_name", "maiden": "maiden_name", "address": "address",
}  # fmt: skip
_SYNTHEA_OTHER = {
    "encounters": {"id": "resource_id"},
    "careplans": {"id": "resource_id"},
    "claims": {"id": "resource_id"},
    "devices": {"udi": "device_serial"},
    "payer_transitions": {"memberid": "member_id", "ownername": "contact_name"},
    "imaging_studies": {"id": "resource_id", "series_uid": "uid", "instance_uid": "uid"},
    "providers": {"id": "resource_id", "name": "staff_name", "address": "address"},
    "organizations": {"id": "resource_id", "name": "institution", "address": "address", "phone": "phone"},
}
_OMOP = {
    "person": {"person_source_value": "mrn"},
    "location": {"address_1": "address", "address_2": "address", "location_source_value": "address"},
    "provider": {
        "provider_name": "staff_name",
        "npi": "npi",
        "dea": "dea",
        "provider_source_value": "staff_id",
    },
    "care_site": {"care_site_name": "institution", "care_site_source_value": "institution"},
    "device_exposure": {"unique_device_id": "device_serial", "production_id": "device_serial"},
    "payer_plan_period": {"family_source_value": "member_id"},
}
_COLUMNS = (
    ("ssn", "ssn|social"), ("mrn", "mrn|patient_?(?:id|no|nr|number)|pid|medical_record|chart_?(?:no|number)"),
    ("birth_date", "dob|birth|born"), ("phone", "phone|tel|fax|mobile"), ("email", "e_?mail"),
    ("address", "street|address|adresse|strasse"), ("family_name", "family|last_?name|surname|nachname"),
    ("given_name", "given|first_?name|vorname"), ("person_name", "(?:patient_?)?name"),
)  # fmt: skip
_DATE = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)\.(\d\d)\.(\d{4})|(\d\d?)/(\d\d?)/(\d{4}))(?!\d)")


def _files(path: Path) -> Iterator[tuple[str, str]]:
    """(name, text) of a file, or of each member of an archive."""
    data = path.read_bytes()
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if not name.endswith("/"):
                    yield Path(name).name, text_of(archive.read(name))
    else:
        yield path.name, text_of(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def _rows(text: str, delimiter: str = ",") -> Iterator[Row]:
    """Rows by lower-case column."""
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield {str(k).strip().lower(): v or "" for k, v in row.items() if k and not isinstance(v, list)}


def read_synthea(path: Path, found: Identifiers) -> None:
    """Files of a Synthea export, by their names: patients with all that names them, and ids and staff."""
    for name, text in _files(path):
        table = name.lower().partition(".")[0]
        for row in _rows(text) if name.lower().endswith((".csv", ".csv.gz")) else ():
            found.ordinary |= words_of_display(
                f"{row.get('description', '')} {row.get('reasondescription', '')}"
            )
            if table == "patients":
                _take_synthea_patient(row, found)
                continue
            person = f"synthea/{row['patient']}" if row.get("patient") else ""
            for column, kind in _SYNTHEA_OTHER.get(table, {}).items():
                _add(kind, row.get(column, ""), person, found)


def _take_synthea_patient(row: Row, found: Identifiers) -> None:
    person = f"synthea/{row.get('id', '')}"
    for column, kind in _SYNTHEA_PATIENT.items():
        found.add(kind, row.get(column), person)
    given = " ".join(filter(None, (row.get("first"), row.get("middle"))))
    if given and row.get("last"):
        found.add("name_full", f"{row['last']}^{given}", person)
    _add_birth(row.get("birthdate", ""), person, found)


def read_omop(path: Path, found: Identifiers) -> None:
    """Tables of the CDM, in a folder or a ZIP: source values of persons, births, addresses, names of staff."""
    for name, text in _files(path):
        table = name.lower().partition(".")[0]
        if not name.lower().endswith((".csv", ".csv.gz")) or name.startswith("._"):
            continue
        for row in _rows(text) if table in _OMOP or table in ("concept", "note") else ():
            found.ordinary |= words_of_display(row.get("concept_name", "")) | words_of_text(
                row.get("note_text", "")
            )
            person = f"omop/{row['person_id']}" if row.get("person_id") else ""
            for column, kind in _OMOP.get(table, {}).items():
                _add(kind, row.get(column, ""), person, found)
            if table == "person":
                found.add("resource_id", row.get("person_id"), person)
                born = [row.get(f"{part}_of_birth", "") for part in ("year", "month", "day")]
                if all(born):
                    _add_birth(f"{born[0]}-{int(born[1]):02d}-{int(born[2]):02d}", person, found)


def read_csv(path: Path, found: Identifiers) -> None:
    """Any other CSV: what the mappings beside it hide, and what its columns' names say."""
    if path.suffix == ".toml":
        return
    mapping = _mapping_of(path)
    for _name, text in _files(path):
        first = text.partition("\n")[0]
        delimiter = mapping.get("delimiter") or max(",;\t|", key=first.count)
        hidden = _hidden(mapping)
        for row in _rows(text, str(delimiter)):
            kinds = {c: hidden.get(c) or _kind_of(c) for c in row}
            number = next((row[c] for c, kind in kinds.items() if kind == "mrn" and row[c]), "")
            person = f"csv/{number}"
            for column, kind in kinds.items():
                if kind == "birth_date":
                    _add_birth(row[column], person, found)
                elif kind:
                    _add(kind, row[column], person, found)


def _mapping_of(path: Path) -> dict[str, Any]:
    for beside in sorted(path.parent.glob("*.toml")):
        mapping = tomllib.loads(beside.read_text())
        if fnmatch(path.name, str(mapping.get("files", ""))):
            return mapping
    return {}


def _hidden(mapping: dict[str, Any]) -> dict[str, str]:
    """Columns of which a mapping itself says that they name a person -> kind."""
    kinds = {
        "name": "person_name",
        "address": "address",
        "phone": "phone",
        "email": "email",
        "identifier": "mrn",
    }
    found: dict[str, str] = {}
    for trait, columns in mapping.get("hide", {}).items():
        for column in [columns] if isinstance(columns, str) else columns:
            found[str(column).lower()] = kinds.get(trait, "other_id")
    number = mapping.get("patient_number")
    if isinstance(number, str):
        found[number.lower()] = "mrn"
    for patient in mapping.get("patient", ()):
        if isinstance(patient.get("birth_date"), str):
            found[patient["birth_date"].lower()] = "birth_date"
    return found


def _kind_of(column: str) -> str:
    return next((kind for kind, pattern in _COLUMNS if re.fullmatch(rf"(?:{pattern})(?:_?\d)?", column)), "")


def _add(kind: str, value: str, person: str, found: Identifiers) -> None:
    """A value; of a whole name its parts, and both orders of it."""
    if kind not in ("person_name", "staff_name", "contact_name"):
        found.add(kind, value, person)
        return
    parts = [part for part in re.split(r"[\s,;^]+", value) if part.strip(".")]
    for part in parts:
        found.add(kind, part, person)
    if len(parts) > 1:
        found.add(f"{kind}_full", f"{parts[0]}^{' '.join(parts[1:])}", person)
        found.add(f"{kind}_full", f"{parts[-1]}^{' '.join(parts[:-1])}", person)


def _add_birth(value: str, person: str, found: Identifiers) -> None:
    match = _DATE.match(value)
    if match:
        iso, german, english = match.groups()[:3], match.groups()[3:6][::-1], match.groups()[6:]
        year, month, day = iso if iso[0] else german if german[0] else (english[2], english[0], english[1])
        found.add("birth_date", f"{int(year):04d}-{int(month):02d}-{int(day):02d}", person)
