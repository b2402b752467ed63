"""Plain readers of the identifiers in HL7 v2 messages and C-CDA documents, with none of the product's code."""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from tests.leaks.identifiers import Identifiers
from tests.leaks.words import words_of_display, words_of_text

_NUMBERS = {"SS": "ssn", "DL": "licence", "PPN": "passport"}
_SSN_ROOT = "2.16.840.1.113883.4.1"
_STAFF = {
    "PV1": (7, 8, 9, 17, 52), "OBR": (10, 16, 28, 32, 34), "ORC": (10, 11, 12, 19), "TXA": (5, 9, 10, 11, 22),
    "RXA": (10,), "DG1": (16,), "OBX": (16,), "PD1": (4,), "AIP": (3,), "EVN": (5,),
}  # fmt: skip
_RELATIVES = {"NK1": (2, 4, (5, 6, 7)), "GT1": (3, 5, (6, 7)), "IN1": (16, 19, (7,))}
_THINGS = {
    "PV1": (19, 50),
    "MRG": (1, 2, 3, 4, 5),
    "IN1": (36, 49),
    "GT1": (2, 12),
    "TXA": (12,),
    "FT1": (2,),
}
_CODED = {"OBX": 3, "OBR": 4, "DG1": 3, "AL1": 3, "RXA": 5, "PR1": 3}
_PLAIN = re.compile(r"[\w -]+")


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, or of each member of an archive."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist() if not name.endswith("/"))
    else:
        yield data


def text_of(data: bytes) -> str:
    """Bytes as text: by their mark, else UTF-8, else Latin-1."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_hl7v2(path: Path, found: Identifiers) -> None:
    """Messages in a file, as batch or MLLP frames: PID, next of kin, guarantors, insured, numbers, staff."""
    for data in contents(path):
        person, field, component, repetition = "", "|", "^", "~"
        for line in re.split(r"[\r\n\x0b\x1c]+", text_of(data)):
            if line.startswith("MSH") and len(line) > 6:
                person, field, component, repetition = "", line[3], line[4], line[5]
            parts = line.split(field)
            values = [[one.split(component) for one in part.split(repetition)] for part in parts]
            if parts[0] == "PID":
                number = _at(values, 3) or _at(values, 2)
                person = f"hl7v2/{number[0][0]}" if number else ""
                _take_pid(values, person, found)
            elif parts[0] != "MSH":
                _take_segment(parts[0], values, person, found)


def _at(values: list[list[list[str]]], number: int) -> list[list[str]]:
    """The repetitions of a field that say something, each a list of components."""
    return [one for one in values[number] if any(one)] if number < len(values) else []


def _take_pid(values: list[list[list[str]]], person: str, found: Identifiers) -> None:
    for number in (2, 3, 4):
        for one in _at(values, number):
            kind = _NUMBERS.get(one[4] if len(one) > 4 else "", "mrn")
            found.add(kind, one[0], person)
    for number, kind in ((5, ""), (6, "mothers_name"), (9, "")):
        for one in _at(values, number):
            _take_name(one, kind, person, found)
    for one in _at(values, 7):
        _take_birth(one[0], person, found)
    _take_address(_at(values, 11), person, found)
    for number in (13, 14):
        _take_phones(_at(values, number), person, found)
    for number, kind in ((18, "account"), (19, "ssn"), (20, "licence"), (21, "mrn")):
        for one in _at(values, number):
            found.add(kind, one[0], person)


def _take_segment(name: str, values: list[list[list[str]]], person: str, found: Identifiers) -> None:
    if name in _RELATIVES:
        who, where, phones = _RELATIVES[name]
        for one in _at(values, who):
            _take_name(one, "contact_name", person, found)
        _take_address(_at(values, where), person, found)
        for number in phones:
            _take_phones(_at(values, number), person, found)
    for number in _THINGS.get(name, ()):
        for one in _at(values, number):
            found.add("resource_id", one[0], person)
    for number in _STAFF.get(name, ()):
        for one in _at(values, number):
            _take_name(one[1:], "staff_name", "", found)
    if name in _CODED:
        for one in _at(values, _CODED[name]):
            found.ordinary |= words_of_display(" ".join(one[1:2] + one[4:5]))
    if name in ("OBX", "NTE"):
        for one in _at(values, 5 if name == "OBX" else 3):
            found.ordinary |= words_of_text(" ".join(one))


def _take_name(parts: list[str], kind: str, person: str, found: Identifiers) -> None:
    family, given = (parts[0].split("&")[0] if parts else ""), parts[1:3]
    found.add(kind or "family_name", family, person)
    for part in given:
        found.add(kind or "given_name", part, person)
    if family and any(given):
        found.add(
            f"{kind}_full" if kind else "name_full", f"{family}^{' '.join(g for g in given if g)}", person
        )


def _take_birth(digits: str, person: str, found: Identifiers) -> None:
    if re.match(r"(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", digits):
        found.add("birth_date", f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}", person)


def _take_address(addresses: list[list[str]], person: str, found: Identifiers) -> None:
    for one in addresses:
        found.add("address", one[0].split("&")[0], person)


def _take_phones(phones: list[list[str]], person: str, found: Identifiers) -> None:
    for one in phones:
        for value in (one[0], *one[3:4], *one[11:12]):
            found.add("email" if "@" in value else "phone", value, person)


def read_ccda(path: Path, found: Identifiers) -> None:
    """Documents, also in a ZIP: the patient, whoever is named in header and entries, ids of encounters and entries."""
    for data in contents(path):
        try:
            root = ElementTree.fromstring(data)
        except ElementTree.ParseError:
            found.unread["ccda"] += 1
            continue
        if _bare(root) == "ClinicalDocument":
            _take_document(root, found)


def _bare(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _take_document(root: ElementTree.Element, found: Identifiers) -> None:
    role = next((e for e in root.iter() if _bare(e) == "patientRole"), None)
    ids = [] if role is None else [e for e in role if _bare(e) == "id" and e.get("extension")]
    number = next((e.get("extension") for e in ids if e.get("root") != _SSN_ROOT), "")
    person = f"ccda/{number}"
    for one in ids:
        found.add("ssn" if one.get("root") == _SSN_ROOT else "mrn", one.get("extension"), person)
    within = set() if role is None else set(role.iter())
    for element in root.iter():
        name = _bare(element)
        whose = person if element in within else ""
        if name == "name" and len(element):
            _take_cda_name(element, "" if whose else "contact_name", person, found)
        elif name == "birthTime" and whose:
            _take_birth(element.get("value", ""), person, found)
        elif name == "streetAddressLine":
            found.add("address", "".join(element.itertext()), person)
        elif name == "telecom":
            value = element.get("value", "").partition(":")[2]
            found.add("email" if "@" in value else "phone", value, person)
        elif element.get("displayName"):
            found.ordinary |= words_of_display(element.get("displayName", ""))
        elif name in ("paragraph", "td", "content", "item", "title"):
            found.ordinary |= words_of_text("".join(element.itertext()))


def _take_cda_name(element: ElementTree.Element, kind: str, person: str, found: Identifiers) -> None:
    parts = {"family": "", "given": ""}
    for child in element:
        if _bare(child) in parts:
            text = "".join(child.itertext()).strip()
            found.add(kind or f"{_bare(child)}_name", text, person)
            parts[_bare(child)] = f"{parts[_bare(child)]} {text}".strip()
    if all(parts.values()):
        found.add(f"{kind}_full" if kind else "name_full", f"{parts['family']}^{parts['given']}", person)
