"""The FHIR connector on written lines, on hostile ones, and on the sample export."""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors.fhir import FhirConnector
from connectors.fhir.lines import read_chunks
from connectors.listing import list_files, locate
from connectors.registry import connector, kinds, register
from contracts.errors import Fatal, Rejected
from contracts.protocols import Reading
from contracts.units import WHOLE, Part, Source, Unit
from tests.accounts import accounted
from tests.connectors.fhir_files import KEY, PATIENT, Held, lines, read, reading


def encounter(**more: Any) -> dict[str, Any]:
    about = {"subject": {"reference": "Patient/p1"}, "period": {"start": "2020-01-02"}}
    return {"resourceType": "Encounter", "id": "e1", **about, **more}


def document(*attachments: dict[str, str], **more: Any) -> dict[str, Any]:
    content = [{"attachment": attachment} for attachment in attachments]
    return {"resourceType": "DocumentReference", "id": "d1", "content": content, **more}


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def test_each_line_has_one_fate() -> None:
    data = (
        lines(
            PATIENT, {"resourceType": "Patient"}, {"exportId": 1}, [1], {"resourceType": "Johnson", "id": "1"}
        )
        + b'{"resourceType":"Patient","id":"x"\n'
        + b'{"resourceType":"Encounter","id":"\xff"}\n'
        + b"\n  \n"
        + lines({"resourceType": "Parameters", "id": "b"}, {"id": "o", "resourceType": "Flag"})[:-1]
    )
    found = read(data)
    reasons = {row["where"]: row["reason"] for row in found["rejected"]}
    assert reasons == {
        "line 2": "missing-id",
        "line 5": "unknown-resource-type",
        "line 6": "invalid-json",
        "line 7": "invalid-utf8",
        "line 10": "container-resource",
    }
    assert [row["type"] for row in found["ignored"]] == ["not-fhir", "not-fhir"]
    assert [row["record_type"] for row in found["fhir.other"]] == ["Flag"]
    assert len(found["fhir.patient"]) == 1
    records = [row["_record"] for rows in found.values() for row in rows]
    assert len(records) == len(set(records)) == 9
    broken = next(row for row in found["rejected"] if row["reason"] == "invalid-json")
    assert data[broken["_record"] :].startswith(broken["payload"])


def test_keys_are_those_of_the_key() -> None:
    row = read(lines(PATIENT))["fhir.patient"][0]
    assert row["_owner"] == KEY.id63("owner", "hospital-a", "Patient", "p1")
    assert row["_digest"] == KEY.id63("record-digest", json.dumps(PATIENT).encode())
    assert row["subject"] == "hospital-a\x1ffhir\x1fp1"
    assert row["id"] == "hospital-a\x1fp1"


@pytest.mark.parametrize(
    ("reference", "subject"),
    [
        ("Patient/a", "a"),
        ("https://h.org/fhir/Patient/a", "a"),
        ("Patient/a/_history/2", "a"),
        ("urn:uuid:a-b", "a-b"),
        ("Patient?identifier=x|1", "x|1"),
        ("Patient?identifier=http%3A%2F%2Fx%7C1", "http://x|1"),
        ("https://h.org/fhir/Patient?identifier=x|1", "x|1"),
        ("Patient?name=Roe", "?name=Roe"),
        ("Group/a", None),
        ("Group?identifier=x|1", None),
        ("Patient/", None),
        ("#a", None),
    ],
)
def test_references_name_a_patient(reference: str, subject: str | None) -> None:
    data = lines(encounter(subject={"reference": reference}))
    expected = None if subject is None else f"hospital-a\x1ffhir\x1f{subject}"
    assert read(data)["fhir.encounter"][0]["subject"] == expected
    named = [identity.identifier for identity in FhirConnector().identities(reading(data))]
    assert named == ([] if subject is None else [subject])


@pytest.mark.parametrize(
    ("zone", "value", "date", "moment"),
    [
        ("UTC", "2020-02", "2020-02", None),
        ("UTC", "2020-02-03T04:05:06.789-05:00", "2020-02-03T04:05:06", "2020-02-03T04:05:06"),
        ("UTC", "2020-02-03T04:05:06Z", "2020-02-03T04:05:06", "2020-02-03T04:05:06"),
        ("America/New_York", "2020-07-03T02:05:06Z", "2020-07-02T22:05:06", "2020-07-02T22:05:06"),
        ("America/New_York", "2020-01-03T02:05:06.5+00:00", "2020-01-02T21:05:06", "2020-01-02T21:05:06"),
        ("America/New_York", "2020-07-03T02:05:06+02:00", "2020-07-03T02:05:06", "2020-07-03T02:05:06"),
        ("UTC", "2020-02-03T04:05-05:00", "2020-02-03T04:05:00", "2020-02-03T04:05:00"),
    ],
)
def test_times_are_local_wall_time(zone: str, value: str, date: str, moment: str | None) -> None:
    row = read(lines(encounter(period={"start": value})), zone)["fhir.encounter"][0]
    assert (row["start_date"], row["start_datetime"]) == (date, moment)


def test_a_wrong_time_zone_is_fatal() -> None:
    with pytest.raises(Fatal, match="time zone"):
        read(lines(PATIENT), "Mars/Olympus")


def test_versions_order_across_zones() -> None:
    early, late = "2024-01-01T23:30:00-05:00", "2024-01-02T04:30:00.001Z"
    rows = read(
        lines(
            {**PATIENT, "meta": {"lastUpdated": early}}, {**PATIENT, "meta": {"lastUpdated": late}}, PATIENT
        )
    )
    versions = [row["_version"] for row in rows["fhir.patient"]]
    assert versions == ["2024-01-02T04:30:00.000000", "2024-01-02T04:30:00.001000", ""]


def test_what_is_no_code_cannot_pass_the_allow_list() -> None:
    odd = encounter(status={"text": "Jane Roe"}, type=[{"coding": [{"display": "Jane Roe"}]}])
    odd["class"] = {"code": "seen by Jane Roe"}
    row = read(lines(odd))["fhir.encounter"][0]
    assert not [name for name, value in row.items() if isinstance(value, str) and "Roe" in value]


def test_condition_text_is_free_text_only_without_a_code() -> None:
    coded = {
        "coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "Cough"}],
        "text": "a cough",
    }
    base = {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/p"},
        "onsetPeriod": {"start": "2020"},
    }
    rows = read(lines({**base, "id": "a", "code": coded}, {**base, "id": "b", "code": {"text": "a cough"}}))
    first, second = rows["fhir.condition"]
    assert (first["code"], first["code_display"], first["code_text"]) == ("1", "Cough", None)
    assert (second["code"], second["code_display"], second["code_text"]) == (None, None, "a cough")
    assert first["onset_date"] == "2020"


def test_patients_have_us_core_and_states() -> None:
    core = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
    race = [{"url": "ombCategory", "valueCoding": {"code": "2106-3", "display": "White"}}]
    race.append({"url": "text", "valueString": "White"})
    extension = [{"url": f"{core}race", "extension": race}, {"url": f"{core}birthsex", "valueCode": "F"}]
    full = {
        **PATIENT,
        "extension": extension,
        "gender": "female",
        "birthDate": "1950-05",
        "deceasedBoolean": True,
    }
    town = {
        **PATIENT,
        "address": [{"state": "Emporia", "postalCode": "66801"}],
        "deceasedDateTime": "2001-02-03",
    }
    state = {**PATIENT, "address": [{"state": "kansas"}], "deceasedBoolean": False, "birthDate": "1950"}
    rows = read(lines(full, town, state))["fhir.patient"]
    assert [row["race_code"] for row in rows] == ["2106-3", None, None]
    assert rows[0]["birth_sex"] == "F"
    assert [row["birth_precision"] for row in rows] == ["month", None, "year"]
    assert [row["deceased"] for row in rows] == [True, True, False]
    assert [row["state"] for row in rows] == [None, None, "KS"]
    assert rows[1]["death_date"] == "2001-02-03"
    assert rows[1]["death_datetime"] is None


@pytest.mark.parametrize(
    ("attachment", "text"),
    [
        ({"contentType": "text/plain; charset=utf-8", "data": encoded("Größe".encode())}, "Größe"),
        ({"contentType": "text/plain;charset=iso-8859-1", "data": encoded("é".encode())}, "Ã©"),
        ({"contentType": "text/plain; charset=ISO-8859-1", "data": encoded("é".encode("latin-1"))}, "é"),
        ({"data": encoded(b"no type")}, "no type"),
        (
            {
                "contentType": "text/html",
                "data": encoded(b"long " * 40)[:76] + "\n" + encoded(b"long " * 40)[76:],
            },
            ("long " * 40).strip(),
        ),
    ],
)
def test_notes_are_decoded(attachment: dict[str, str], text: str) -> None:
    assert read(lines(document(attachment)))["fhir.document_reference"][0]["text"] == text


@pytest.mark.parametrize(
    "attachment",
    [
        {"contentType": "text/plain", "data": "@@@@"},
        {"contentType": "text/plain", "data": encoded(b"\xff\xfe\xfd")},
        {"contentType": "text/plain; charset=klingon", "data": encoded(b"x")},
    ],
)
def test_undecodable_notes_are_rejected(attachment: dict[str, str]) -> None:
    found = read(lines(document(attachment)))
    assert [row["reason"] for row in found["rejected"]] == ["attachment-undecodable"]
    assert "fhir.document_reference" not in found


def test_documents_without_text_inside_stay_whole() -> None:
    pdf = {"contentType": "application/pdf", "data": encoded(b"%PDF")}
    url = document({"contentType": "text/plain", "url": "Binary/1"}, subject={"reference": "Patient/p1"})
    found = read(
        lines(url, document(pdf), document(pdf, {"contentType": "text/plain", "data": encoded(b"note")}))
    )
    assert [row["record_type"] for row in found["fhir.other"]] == ["DocumentReference"] * 2
    assert found["fhir.other"][0]["subject"] == "hospital-a\x1ffhir\x1fp1"
    assert [row["text"] for row in found["fhir.document_reference"]] == ["note"]


def test_patients_are_described() -> None:
    patient = {
        **PATIENT,
        "identifier": [
            {"type": {"coding": [{"code": "MR"}]}, "system": "urn:a", "value": "M-77"},
            {"type": {"coding": [{"code": "SS"}]}, "value": "999-11-2222"},
        ],
        "name": [{"family": "Roe", "given": ["Jane", "Ann"]}, {"use": "maiden", "family": "Doe"}],
        "contact": [{"name": {"family": "Poe"}, "telecom": [{"system": "phone", "value": "555-1"}]}],
        "telecom": [{"system": "email", "value": "j@x.org"}],
        "address": [{"line": ["1 Elm St"], "city": "Salem", "postalCode": "01970"}],
        "link": [
            {"other": {"reference": "Patient/p0"}, "type": "replaces"},
            {"other": {"reference": "RelatedPerson/r"}},
        ],
        "birthDate": "1950-05-06",
        "deceasedDateTime": "2001-02-03T23:00:00-05:00",
    }
    (found,) = FhirConnector().identities(reading(lines(patient)))
    assert (found.authority, found.identifier, found.system) == ("hospital-a", "p1", "fhir")
    assert [(alias.identifier, alias.system) for alias in found.aliases] == [
        ("M-77", ""),
        ("p0", "fhir"),
        ("urn:a|M-77", "fhir"),
    ]
    assert found.traits == {
        "name": ("Roe", "Jane", "Ann", "Doe"),
        "contact": ("Poe",),
        "identifier": ("p1", "M-77", "999-11-2222"),
        "phone": ("555-1",),
        "email": ("j@x.org",),
        "address": ("1 Elm St", "Salem"),
        "zip": ("01970",),
        "birth_date": ("1950-05-06",),
        "death_date": ("2001-02-03",),
    }


def test_record_numbers_of_two_systems_join_nobody() -> None:
    number = {"type": {"coding": [{"code": "MR"}]}}
    patient = {**PATIENT, "identifier": [{**number, "system": s, "value": s} for s in ("urn:a", "urn:b")]}
    (found,) = FhirConnector().identities(reading(lines(patient)))
    assert {(alias.identifier, alias.system) for alias in found.aliases} == {
        ("urn:a|urn:a", "fhir"),
        ("urn:b|urn:b", "fhir"),
    }
    (found,) = FhirConnector().identities(reading(lines(patient), mrn_system="urn:b"))
    assert [alias.identifier for alias in found.aliases if alias.system == ""] == ["urn:b"]


def test_identities_find_whomever_read_finds() -> None:
    late = encounter(subject={"display": "x", "identifier": {"value": "}"}, "reference": "Patient/late"})
    nested = {"resourceType": "Task", "id": "t", "for": {"type": "Patient", "reference": "Patient/task"}}
    contained = encounter(contained=[{"resourceType": "Patient", "id": "inner"}])
    data = lines(late, nested, contained, contained)
    named = Counter(identity.identifier for identity in FhirConnector().identities(reading(data)))
    assert named == {"late": 1, "task": 1, "p1": 1, "e1#inner": 2}
    read_subjects = {row["subject"].split("\x1f")[2] for rows in read(data).values() for row in rows}
    assert read_subjects == set(named) - {"e1#inner"}  # nothing refers to the one contained


def test_parts_cover_every_line_once() -> None:
    data = lines(*({**PATIENT, "id": f"p{i}", "note": "x" * (i % 7)} for i in range(25)))
    whole = [row["_record"] for row in read(data)["fhir.patient"]]
    for size in (7, 40, 41, 997, len(data)):
        found: list[int] = []
        for start in range(0, len(data), size):
            rows = read(data, part=Part(0, start, min(start + size, len(data))))
            found += [row["_record"] for row in rows.get("fhir.patient", [])]
        assert found == whole


def test_an_overlong_line_is_skipped_and_the_rest_read() -> None:
    data = lines(PATIENT) + b"y" * 5_000 + b"\n" + lines(PATIENT)
    chunks = list(read_chunks(io.BytesIO(data), size=64, limit=1_000))
    assert [chunk.line for chunk in chunks if chunk.overlong] == [2]
    kept = b"".join(chunk.data for chunk in chunks if not chunk.overlong)
    assert kept == lines(PATIENT, PATIENT)
    assert chunks[-1].offset == data.rindex(b"{")
    assert chunks[-1].line == 3


def test_gzip_is_read_and_its_damage_seen() -> None:
    data = lines(*({**PATIENT, "id": f"p{i}"} for i in range(3_000)))
    assert read(gzip.compress(data)) == read(data)
    with pytest.raises(Rejected, match="corrupt-gzip"):
        read(gzip.compress(data)[:-40])


def test_an_array_over_several_lines_is_one_rejection() -> None:
    with pytest.raises(Rejected, match="not-ndjson"):
        read(json.dumps([PATIENT], indent=2).encode())


def test_check_names_lines_and_no_values() -> None:
    bad = {**PATIENT, "name": "Roe", "birthDate": "1950-02-30"}
    data = lines(PATIENT, bad, {"resourceType": "Encounter"}, {"a": 1}) + b'{"Roe\n\xff\n'
    findings = list(FhirConnector().check(Held(data)))
    assert {(f.where, f.rule) for f in findings if f.severity != "info"} == {
        ("line 2", "wrong-type"),
        ("line 2", "impossible-date"),
        ("line 3", "missing-id"),
        ("line 3", "missing-subject"),
        ("line 4", "not-fhir"),
        ("line 5", "invalid-json"),
        ("line 6", "invalid-utf8"),
    }
    assert "2 Patient" in {f.message for f in findings}
    assert not [f for f in findings if "Roe" in f.message]


def test_the_sample_export_is_read_whole(shared: Path) -> None:
    folder = shared / "data" / "fhir" / "bulk-10-patients"
    fhir, counts, rows = FhirConnector(), Counter[str](), 0
    source = Source("s", "fhir", str(folder), "hospital-a", "America/New_York")
    for listed in fhir.discover(source, "").listed:
        data = (folder / listed.path).read_bytes()
        held = Reading(Unit("s/t", "s", "fhir"), source, Held(data), KEY)
        people = {identity.identifier for identity in fhir.identities(held)}
        rows += data.count(b"\n")
        for table, batch in accounted(fhir.read(held, WHOLE)):
            counts[table] += batch.num_rows
            subjects = batch["subject"].to_pylist() if "subject" in batch.schema.names else []
            assert {subject.split("\x1f")[2] for subject in subjects if subject} <= people
    assert counts.total() == rows == 7_164
    assert counts["ignored"] == 4
    assert (counts["fhir.patient"], counts["fhir.encounter"], counts["fhir.condition"]) == (13, 1_215, 555)
    assert counts["fhir.document_reference"] == 1_215
    assert not counts["rejected"]


def test_listing_skips_what_is_hidden_and_tells_nothing(tmp_path: Path) -> None:
    for name in ("b/2.ndjson", "a.ndjson", ".hidden.ndjson", ".DS_Store", "c.vcf.gz.tbi", "Roe.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [listed.path for listed in list_files(str(tmp_path), (".ndjson",))] == ["a.ndjson", "b/2.ndjson"]
    (single,) = list_files(str(tmp_path / "Roe.txt"))
    stat = (tmp_path / "Roe.txt").stat()
    assert (single.path, single.stamp.size, single.stamp.identity) == ("Roe.txt", 1, str(stat.st_ino))
    system, path = locate(str(tmp_path), "b/2.ndjson")
    assert system.cat_file(path) == b"x"
    with pytest.raises(Fatal) as caught:
        list_files(str(tmp_path / "Roe"))
    assert "Roe" not in str(caught.value)


def test_the_registry_knows_its_kinds() -> None:
    assert {"fhir", "dicom", "vcf"} <= set(kinds())
    assert connector("fhir").kind == "fhir"
    with pytest.raises(Fatal, match="dicom"):
        connector("fax")
    with pytest.raises(Fatal, match="taken"):
        register("fhir", "elsewhere:Fhir")
    with pytest.raises(Fatal, match="malformed"):
        register("fax", "elsewhere")


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "[1, NaN]"])
@pytest.mark.parametrize("kind", ["Observation", "Goal"])
def test_what_only_looks_like_json_is_rejected(value: str, kind: str) -> None:
    """DuckDB reads it, and the value would be lost."""
    wrong = f'{{"resourceType": "{kind}", "id": "o2", "valueQuantity": {{"value": {value}}}}}\n'.encode()
    sound = lines({**PATIENT, "name": [{"text": "Infinity, NaN: NaN,]"}]})
    found = read(sound + wrong)
    assert [row["reason"] for row in found["rejected"]] == ["invalid-json"]
    assert found["rejected"][0]["_record"] == len(sound) and len(found["fhir.patient"]) == 1
    assert [row["reason"] for row in read(wrong)["rejected"]] == ["invalid-json"]
