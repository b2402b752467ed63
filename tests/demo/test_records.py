"""The FHIR exports: what parses, what does not, and whose notes hold what."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from nightrounds.demo.hospital import Hospital

MAPPED = {"Patient", "Encounter", "Condition", "DocumentReference", "Observation", "Practitioner"}


def _lines(hospital: Hospital, night: int, source: str) -> dict[str, list[bytes]]:
    found = {}
    for path in sorted((hospital.root / f"night-{night}" / source).iterdir()):
        data = path.read_bytes()
        found[path.name] = (gzip.decompress(data) if path.name.endswith(".gz") else data).splitlines()
    return found


def _resources(hospital: Hospital, night: int, source: str) -> list[dict[str, Any]]:
    planted = _planted(hospital, night, source)
    unread = ("invalid_utf8", "truncated_line", "deleted_resource")
    return [
        json.loads(line)
        for name, lines in _lines(hospital, night, source).items()
        for number, line in enumerate(lines)
        if planted.get((name, number)) not in unread
    ]


def _planted(hospital: Hospital, night: int, source: str) -> dict[tuple[str, int], str]:
    return {
        (entry["where"], entry["record"]): entry["kind"]
        for entry in hospital.truth["planted"]
        if (entry["night"], entry["source"]) == (night, source) and not entry["kind"].startswith("phi_")
    }


@pytest.mark.parametrize(("night", "source"), [(1, "ehr"), (1, "clinic"), (2, "ehr"), (2, "clinic")])
def test_only_the_planted_lines_do_not_parse(hospital: Hospital, night: int, source: str) -> None:
    planted = _planted(hospital, night, source)
    broken = set()
    for name, lines in _lines(hospital, night, source).items():
        for number, line in enumerate(lines):
            try:
                json.loads(line.decode("utf-8"))
            except ValueError:
                broken.add((name, number))
    assert broken == {at for at, kind in planted.items() if kind in ("invalid_utf8", "truncated_line")}


@pytest.mark.parametrize(("night", "source"), [(1, "ehr"), (1, "clinic"), (2, "ehr"), (2, "clinic")])
def test_counts_equal_truth(hospital: Hospital, night: int, source: str) -> None:
    counts = hospital.truth["counts"][f"night-{night}"][source]
    lines = [line for lines in _lines(hospital, night, source).values() for line in lines]
    types = Counter(resource["resourceType"] for resource in _resources(hospital, night, source))
    unmapped = sum(number for kind, number in types.items() if kind not in MAPPED)
    assert counts["read"] == len(lines)
    assert counts["unmapped"] == unmapped
    assert counts["merged"] == len(lines) - len(set(lines))
    assert counts["removed"] == sum(b'"method":"DELETE"' in line for line in lines)
    for kind in MAPPED:
        told = sum(n for name, n in counts["types"].items() if name.split(":")[1] == kind)
        assert told == types[kind], kind


def test_the_planted_records_are_what_they_are_said_to_be(hospital: Hospital) -> None:
    lines = _lines(hospital, 1, "ehr")
    by_kind = {kind: at for at, kind in _planted(hospital, 1, "ehr").items()}

    def planted(kind: str) -> dict[str, Any]:
        name, number = by_kind[kind]
        resource: dict[str, Any] = json.loads(lines[name][number])
        return resource

    assert planted("birth_in_future")["birthDate"] > "2090"
    period = planted("encounter_end_before_start")["period"]
    assert datetime.fromisoformat(period["end"]) < datetime.fromisoformat(period["start"])
    assert planted("impossible_date")["onsetDateTime"] == "2023-02-30"
    after_death = planted("encounter_after_death")
    patients = {json.loads(line)["id"]: json.loads(line) for line in lines["Patient.000.ndjson"]}
    died = patients[after_death["subject"]["reference"].split("/")[1]]["deceasedDateTime"]
    assert datetime.fromisoformat(after_death["period"]["start"]) > datetime.fromisoformat(died)


@pytest.mark.parametrize("source", ["ehr", "clinic"])
def test_references_resolve_and_times_are_in_order(hospital: Hospital, source: str) -> None:
    resources = [r for night in (1, 2) for r in _resources(hospital, night, source)]
    known = {f"{r['resourceType']}/{r['id']}" for r in resources}
    for resource in resources:
        if "subject" in resource:
            assert resource["subject"]["reference"] in known
        if resource["resourceType"] == "Condition":
            assert resource["encounter"]["reference"] in known
        if resource["resourceType"] == "DocumentReference":
            assert resource["context"]["encounter"][0]["reference"] in known
        assert datetime.fromisoformat(resource["meta"]["lastUpdated"]).utcoffset() is not None


def test_every_note_is_text_that_names_its_patient_or_their_surname(hospital: Hospital) -> None:
    for source in ("ehr", "clinic"):
        resources = [r for night in (1, 2) for r in _resources(hospital, night, source)]
        names = {
            f"Patient/{r['id']}": [r["name"][0]["family"], *r["name"][0]["given"]]
            for r in resources
            if r["resourceType"] == "Patient"
        }
        notes = [r for r in resources if r["resourceType"] == "DocumentReference"]
        for note in notes:
            text = base64.b64decode(note["content"][0]["attachment"]["data"], validate=True).decode("utf-8")
            assert len(text) > 250
            assert any(name in text for name in names[note["subject"]["reference"]])
            assert "{" not in text, "a placeholder was left"


def test_notes_spell_birth_dates_in_several_ways(hospital: Hospital) -> None:
    texts = " ".join(
        base64.b64decode(r["content"][0]["attachment"]["data"]).decode()
        for r in _resources(hospital, 1, "ehr")
        if r["resourceType"] == "DocumentReference"
    )
    used = Counter(
        style
        for person in hospital.truth["persons"]
        for style, text in enumerate(person["birth_spellings"])
        if text in texts
    )
    assert len(used) >= 4
    kinds = {e["kind"] for e in hospital.truth["planted"]}
    assert {
        f"phi_in_note:{k}" for k in ("mrn", "phone", "address", "ssn", "birth_date", "contact_name")
    } <= kinds


def test_night_2_replaces_three_resources_with_newer_ones(hospital: Hospital) -> None:
    first = {(r["resourceType"], r["id"]): r for r in _resources(hospital, 1, "ehr")}
    again = [r for r in _resources(hospital, 2, "ehr") if (r["resourceType"], r["id"]) in first]
    assert sorted(r["resourceType"] for r in again) == ["Condition", "DocumentReference", "Observation"]
    assert [r["status"] for r in again if r["resourceType"] == "Observation"] == ["entered-in-error"]
    for resource in again:
        earlier = first[resource["resourceType"], resource["id"]]
        newer, older = (datetime.fromisoformat(r["meta"]["lastUpdated"]) for r in (resource, earlier))
        assert newer > older
        assert resource != earlier


def test_night_2_deletes_a_resource_of_night_1(hospital: Hospital) -> None:
    first = {f"{r['resourceType']}/{r['id']}" for r in _resources(hospital, 1, "ehr")}
    (bundle,) = (json.loads(line) for line in _lines(hospital, 2, "ehr")["deleted.000.ndjson"])
    assert [entry["request"]["url"] in first for entry in bundle["entry"]] == [True]


def test_the_mrn_is_not_the_resource_id(hospital: Hospital) -> None:
    mrns = {
        identifier for p in hospital.truth["persons"] for a, identifier, k in p["identities"] if k == "record"
    }
    for source in ("ehr", "clinic"):
        for patient in (r for r in _resources(hospital, 1, source) if r["resourceType"] == "Patient"):
            typed = {i["type"]["coding"][0]["code"]: i["value"] for i in patient["identifier"]}
            assert typed["MR"] != patient["id"]
            assert typed["MR"] in mrns or patient["birthDate"] > "2090"


def test_file_names_hold_a_patient_s_name(hospital: Hospital) -> None:
    names = [Path(e["where"]).parts[0] for e in hospital.truth["planted"] if e["kind"] == "phi_in_file_name"]
    assert any("WHITAKER" in name for name in names)
    assert set(names) <= set(hospital.truth["identifiers_by_kind"]["file_name"])
