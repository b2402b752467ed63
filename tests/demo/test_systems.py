"""The exports of the other systems, read with plain Python: counts, dirt, merges and deletes are what truth says."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nightrounds.demo.hospital import Hospital

FIVE = {
    "interface": "hl7v2",
    "exchange": "ccda",
    "practices": "synthea",
    "warehouse": "omop",
    "laboratory": "csv",
}
V3 = "{urn:hl7-org:v3}"


def _folder(hospital: Hospital, source: str, night: int = 1) -> Path:
    return hospital.root / f"night-{night}" / source


def _messages(folder: Path) -> Iterator[list[str]]:
    """Messages as lists of segments, batch envelopes left out."""
    for path in sorted(folder.glob("*.hl7")):
        text = path.read_bytes().decode()
        for piece in text.split("MSH|")[1:]:
            segments = [s for s in ("MSH|" + piece).split("\r") if s]
            yield [s for s in segments if s[:3] not in ("FHS", "BHS", "BTS", "FTS")]


def _planted(hospital: Hospital, source: str, kind: str) -> dict[str, str]:
    found = [e for e in hospital.truth["planted"] if (e["source"], e["kind"]) == (source, kind)]
    assert len(found) == 1, kind
    entry: dict[str, str] = found[0]
    return entry


def test_every_kind_of_record_tells_of_the_hero(hospital: Hospital) -> None:
    kinds = {source["name"]: source["kind"] for source in hospital.sources}
    numbers = {number for _, number, kind in hospital.person(hospital.hero)["identities"] if kind == "record"}
    for name, kind in FIVE.items():
        assert kinds[name] == kind
        texts = [
            p.read_text(encoding="utf-8") for p in _folder(hospital, name).iterdir() if p.suffix != ".toml"
        ]
        assert any(number in text for number in numbers for text in texts), name


def test_messages_are_counted_as_they_state(hospital: Hospital) -> None:
    stated: Counter[str] = Counter()
    for message in _messages(_folder(hospital, "interface")):
        header = message[0].split("|")
        if header[10] == "T" or header[9] == "CUT1":
            stated["?"] += 1
            continue
        if header[8].startswith("SIU"):
            stated["SIU_S12"] += 1
            continue
        doctors = {s.split("|")[7] for s in message if s.startswith("PV1") and header[8].startswith("ADT")}
        stated["doctor"] += len(doctors)
        for segment in message:
            fields = segment.split("|")
            if fields[0] in ("PID", "NK1", "DG1", "TXA"):
                stated[fields[0]] += 1
            elif fields[0] == "PV1" and header[8].startswith("ADT"):
                stated["PV1"] += 1
            elif fields[0] == "OBX" and header[8].startswith("ORU"):
                stated["OBX"] += 1
    counts = hospital.truth["counts"]["night-1"]["interface"]
    types: Counter[str] = Counter()
    for told, number in counts["types"].items():
        types[told.split(":")[1]] += number
    names = {
        "PID": "patient",
        "NK1": "NK1",
        "DG1": "diagnosis",
        "TXA": "note",
        "PV1": "visit",
        "OBX": "result",
    }
    assert {names[n]: stated[n] for n in names} == {kind: types[kind] for kind in names.values()}
    assert (stated["?"], stated["SIU_S12"]) == (types["?"], types["SIU_S12"]) == (2, 1)
    assert counts["quarantined"] == 3 and stated["doctor"] > types["provider"] > 0


def test_only_the_batch_has_an_envelope_and_its_count_is_right(hospital: Hospital) -> None:
    for night in (1, 2):
        lines = (_folder(hospital, "interface", night) / "adt.hl7").read_bytes().decode().split("\r")
        messages = sum(line.startswith("MSH|") for line in lines)
        assert [line.split("|")[1] for line in lines if line.startswith("BTS")] == [str(messages)]


def test_the_second_night_says_who_the_unknown_one_is(hospital: Hospital) -> None:
    ((person, authority, temporary, _, night),) = hospital.truth["merges"]
    known = hospital.person(person)["identities"][0]
    assert known[0] == authority and night == 2
    first = [m for m in _messages(_folder(hospital, "interface")) if any(temporary in s for s in m)]
    assert len(first) == 2 and all("|ADT^A40" not in m[0] for m in first)
    merge = next(m for m in _messages(_folder(hospital, "interface", 2)) if "|ADT^A40" in m[0])
    assert any(s.startswith("PID") and f"|{known[1]}^" in s for s in merge)
    assert any(s.startswith("MRG") and f"|{temporary}^" in s for s in merge)


def test_what_is_withdrawn_was_stated_the_night_before(hospital: Hospital) -> None:
    def results(night: int) -> dict[tuple[str, str], str]:
        found = {}
        for message in _messages(_folder(hospital, "interface", night)):
            order = next((s.split("|")[3] for s in message if s.startswith("OBR")), "")
            for segment in (
                s.split("|") for s in message if s.startswith("OBX") and message[0].split("|")[8][:3] == "ORU"
            ):
                found[order, segment[3]] = segment[11]
        return found

    before, after = results(1), results(2)
    withdrawn = [thing for thing, status in after.items() if status == "W"]
    corrected = [thing for thing, status in after.items() if status == "C"]
    assert len(withdrawn) == len(corrected) == 1
    assert {before[thing] for thing in withdrawn + corrected} == {"F"}


def test_documents_are_well_formed_but_for_the_planted_ones(hospital: Hospital) -> None:
    broken = {
        _planted(hospital, "exchange", kind)["where"] for kind in ("external_entity", "truncated_document")
    }
    for path in _folder(hospital, "exchange").iterdir():
        if path.name in broken:
            continue
        root = ElementTree.fromstring(path.read_bytes())
        assert root.tag == f"{V3}ClinicalDocument"
        sections = [e.get("code") for e in root.iterfind(f".//{V3}section/{V3}code")]
        assert sections == ["48765-2", "10160-0", "11369-6", "8716-3", "29762-2", "18776-5"]
    hostile = (_folder(hospital, "exchange") / "CCD_unknown-sender.xml").read_text()
    assert "<!DOCTYPE" in hostile and "SYSTEM" in hostile and "&own;" in hostile
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring((_folder(hospital, "exchange") / "CCD_retry.xml").read_bytes())


def test_a_document_s_second_version_leaves_the_allergy_out(hospital: Hospital) -> None:
    (newer,) = _folder(hospital, "exchange", 2).iterdir()
    older = next(_folder(hospital, "exchange").glob(newer.name.replace("_v2", "_v1")))
    sets, allergies = [], []
    for path in (older, newer):
        root = ElementTree.fromstring(path.read_bytes())
        sets.append([e.get("extension") for e in root.iterfind(f"{V3}setId")])
        allergies.append(len(root.findall(f".//{V3}participant")))
    assert sets[0] == sets[1] and allergies == [1, 0]


@pytest.mark.parametrize("source", ["practices", "warehouse", "laboratory"])
@pytest.mark.parametrize("night", [1, 2])
def test_rows_of_tables_are_those_counted(hospital: Hospital, source: str, night: int) -> None:
    rows = 0
    for path in _folder(hospital, source, night).glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            rows += len(list(csv.DictReader(file)))
    counts = hospital.truth["counts"][f"night-{night}"][source]
    notes = sum(n for kind, n in counts["types"].items() if source == "laboratory" and kind.endswith(":note"))
    absent = counts["removed"] if source == "warehouse" else 0
    assert rows == counts["read"] + counts["ignored"] - notes - absent


def test_the_warehouse_is_whole_each_night_but_for_one_row(hospital: Hospital) -> None:
    def rows(night: int) -> set[tuple[str, str]]:
        found = set()
        for path in _folder(hospital, "warehouse", night).glob("*.csv"):
            found |= {(path.name, line) for line in path.read_text().splitlines()}
        return {row for row in found if row[0] != "cdm_source.csv"}

    assert rows(2) < rows(1)
    (gone,) = rows(1) - rows(2)
    assert gone[0] == "measurement.csv" and "Heart rate" in gone[1]


def test_nothing_happens_to_the_dead_or_after_the_export(hospital: Hospital) -> None:
    for person in hospital.truth["persons"]:
        for entry in person["timeline"]:
            if "source" in entry:
                assert person["birth"] < entry["date"] <= "2024-03-12"
                assert not person["death"] or entry["date"] <= person["death"]


def test_identifiers_of_these_systems_are_hunted(hospital: Hospital) -> None:
    hunted = set(hospital.truth["identifiers"])
    for kind in ("visit_or_order", "document", "temporary_mrn", "warehouse_key"):
        values = hospital.truth["identifiers_by_kind"][kind]
        assert values and set(values) <= hunted, kind
