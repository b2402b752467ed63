"""For every source code, the rows of all event tables are as many as plain Python finds statements in the export."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from stores import staging
from tests import hl7v2_messages as hl7
from tests.conformance import ccda_sample as cda
from tests.tasks.rooms import Room, make_room

_STEMS = {
    "omop.condition_occurrence": "condition",
    "omop.drug_exposure": "drug",
    "omop.procedure_occurrence": "procedure",
    "omop.device_exposure": "device",
    "omop.measurement": "measurement",
    "omop.observation": "observation",
    "omop.specimen": "specimen",
}
Json = dict[str, Any]


def _staged(room: Room) -> Counter[str]:
    """How often each source code stands in the event tables of what a room's source gives."""
    for done in room.process():
        assert not done.reason and done.account["read"] == sum(done.account["fates"].values())
        assert not done.account["fates"]["quarantined"], done.account["reasons"]
    found: Counter[str] = Counter()
    for manifest in staging.manifests(room.work.home.staging, "ward"):
        for table in _STEMS.keys() & set(manifest.tables):
            for batch in manifest.batches(table):
                found.update(batch[f"{_STEMS[table]}_source_value"].to_pylist())
    return found


def _codes(concept: Any) -> list[str]:
    """The code of a CodeableConcept: of its first coding, else its words."""
    if not isinstance(concept, dict):
        return []
    coding: Json = next(iter(concept.get("coding", [])), {})
    return [str(coding.get("code") or concept.get("text"))]


def _fhir_events(resource: Json) -> Iterator[str]:
    elements = {
        "Condition": "code",
        "Procedure": "code",
        "MedicationRequest": "medicationCodeableConcept",
        "Immunization": "vaccineCode",
        "AllergyIntolerance": "code",
        "Observation": "code",
        "DiagnosticReport": "code",
    }
    kind = resource["resourceType"]
    if kind == "DiagnosticReport" and resource.get("presentedForm") and not resource.get("conclusion"):
        return  # told by its note
    yield from _codes(resource.get(elements.get(kind, "")))
    if kind == "Observation":
        for component in resource.get("component", []):
            yield from _codes(component["code"])


def test_codes_of_the_sample_bundles(shared: Path, tmp_path: Path) -> None:
    room = make_room(tmp_path)
    expected: Counter[str] = Counter()
    for path in (shared / "data" / "fhir").glob("bundles*/*.json"):
        if path.name.startswith(("hospital", "practitioner")):
            continue  # of which no event is made
        data = path.read_bytes()
        (room.folder / path.name).write_bytes(data)
        for entry in json.loads(data)["entry"]:
            expected.update(_fhir_events(entry["resource"]))
    assert expected.total() > 4_000 and len(expected) > 40
    assert _staged(room) == expected


_CODED = {"OBX": 3, "DG1": 3, "PR1": 3, "AL1": 2, "RXA": 5, "RXE": 2}
"""The field that says what a statement is of; of an allergy its type, since the substance is its value."""


def _hl7_events(message: str) -> Iterator[str]:
    """First components of the coded fields of what is stated: results, diagnoses, procedures, allergies, drugs."""
    if message.split("|")[8].startswith("MDM"):
        return  # its OBX are the lines of a document
    for segment in message.split(hl7.CR):
        fields = segment.split("|")
        if fields[0] in _CODED and not (fields[0] == "OBX" and fields[2] in ("TX", "FT", "ED")):
            refused = fields[0] == "RXA" and fields[20:21] == ["RE"]
            parts = fields[18 if refused else _CODED[fields[0]]].split("^")  # of a refusal its reason
            if parts[0] != "998":  # no vaccine administered
                yield parts[0] or parts[1]


def test_codes_of_messages(tmp_path: Path) -> None:
    room = make_room(tmp_path, "hl7v2")
    messages = [m for key in ("a", "b", "c") for m in hl7.everything(key)]
    (room.folder / "feed.hl7").write_text("".join(messages), newline="")
    expected = Counter(code for message in messages for code in _hl7_events(message))
    assert expected.total() >= 30
    assert _staged(room) == expected


def test_codes_of_documents(tmp_path: Path) -> None:
    room = make_room(tmp_path, "ccda")
    expected: Counter[str] = Counter()
    for number, person in enumerate((cda.ZEBEDIAH, cda.OTTOLINE)):
        text = cda.everything(person, f"-{number}")
        (room.folder / f"{number}.xml").write_text(text)
        root = ElementTree.fromstring(text)
        expected.update(_cda_events(root))
    assert expected.total() >= 16
    assert _staged(room) == expected


_SPACES = {"v": "urn:hl7-org:v3"}
_PLACES = {
    "11450-4": ["v:act/v:entryRelationship/v:observation/v:value"],
    "48765-2": ["v:act/v:entryRelationship/v:observation/v:value"],
    "10160-0": [".//v:manufacturedMaterial/v:code"],
    "11369-6": [".//v:manufacturedMaterial/v:code"],
    "30954-2": ["v:organizer/v:code", "v:organizer/v:component/v:observation/v:code"],
    "47519-4": ["v:procedure/v:code"],
    "29762-2": ["v:observation/v:code"],
    "46264-8": [".//v:playingDevice/v:code"],
}
"""By section, where an entry says what it is of. Encounters are visits, and the family's history stays whole."""


def _cda_events(root: ElementTree.Element) -> Iterator[str]:
    for section in root.iterfind(".//v:section", _SPACES):
        code = section.find("v:code", _SPACES)
        assert code is not None
        for entry in section.iterfind("v:entry", _SPACES):
            for place in _PLACES.get(code.attrib["code"], []):
                yield from (found.attrib["code"] for found in entry.iterfind(place, _SPACES))
