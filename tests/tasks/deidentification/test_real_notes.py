"""The 1,215 real notes and 4,162 unmapped resources of the sample export."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.identity import Person, encode_subject
from contracts.privacy import Profile
from tasks.deidentification.resource import ResourceCleaner
from tasks.deidentification.text import Scrubber
from tests.tasks.deidentification.people import KEY, TODAY

OTHERS = "AllergyIntolerance Device Immunization Location MedicationRequest Organization Practitioner".split()
OTHERS += ["PractitionerRole", "Procedure"]


def lines(shared: Path, kind: str) -> Iterator[dict[str, Any]]:
    with (shared / "data/fhir/bulk-10-patients" / f"{kind}.000.ndjson").open("rb") as file:
        yield from map(orjson.loads, file)


@pytest.fixture
def people(shared: Path) -> dict[str, Person]:
    found = {}
    for number, patient in enumerate(lines(shared, "Patient")):
        names = [part for name in patient["name"] for part in [name["family"], *name["given"]]]
        traits = {
            "name": tuple(names),
            "identifier": (patient["id"], *(i["value"] for i in patient["identifier"])),
            "phone": tuple(t["value"] for t in patient["telecom"]),
            "address": tuple(line for a in patient["address"] for line in a["line"]),
            "birth_date": (patient["birthDate"],),
            "death_date": tuple(filter(None, [patient.get("deceasedDateTime")])),
        }
        found[patient["id"]] = Person(1000 + number, -31 * number - 3, traits)
    return found


@pytest.mark.parametrize("profile", list(Profile))
def test_no_note_holds_its_patients_names(shared: Path, people: dict[str, Person], profile: Profile) -> None:
    scrubber = Scrubber(profile, TODAY)
    held = shifted = notes = 0
    for document in lines(shared, "DocumentReference"):
        person = people[document["subject"]["reference"].removeprefix("Patient/")]
        text = base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
        scrubbed = scrubber.scrub(text, person)
        tokens = set(re.findall(r"[a-z]+", scrubbed.lower()))
        held += any(re.sub(r"\d", "", name).lower() in tokens for name in person.traits["name"])
        before, after = re.findall(r"\d{4}-\d\d-\d\d", text), re.findall(r"\d{4}-\d\d-\d\d", scrubbed)
        moved = [
            (date.fromisoformat(a) - date.fromisoformat(b)).days for a, b in zip(after, before, strict=False)
        ]
        shifted += len(after) == len(before) and set(moved) == {person.shift_days}
        notes += 1
    assert notes == 1215
    assert held == 0
    assert shifted == (1215 if profile is Profile.EXPERT else 0)


def test_no_unmapped_resource_holds_a_trait(shared: Path, people: dict[str, Person]) -> None:
    known = {encode_subject("a", key, "fhir"): person for key, person in people.items()}
    cleaner = ResourceCleaner(KEY, Profile.EXPERT, known, TODAY, "a", Scrubber(Profile.EXPERT, TODAY))
    ids, cleaned = set(), []
    for kind in OTHERS:
        for resource in lines(shared, kind):
            ids.add(resource["id"])
            reference = (resource.get("subject") or resource.get("patient") or {}).get("reference", "")
            person = people.get(reference.removeprefix("Patient/"))
            cleaned.append(orjson.dumps(cleaner.clean(resource, person)))
    assert len(cleaned) == 4162
    text = b"\n".join(cleaned).decode().lower()
    tokens = set(re.findall(r"[a-z]+", text)) | set(re.findall(r"[a-z0-9-]+", text))
    assert not ids & tokens
    for person in people.values():
        for kind, values in person.traits.items():
            for value in values:
                bare = re.sub(r"\d", "", value) if kind == "name" else value
                assert bare.lower() not in tokens, f"a {kind} of a patient"
    assert text.count('"code":') > 4000
