"""A link that comes a night late rewrites what was published, and unlinking restores it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tasks.encoders import load_encoder
from tests.flows.exports import encounter, mrn, note, patient, write_image, write_links, write_records
from tests.flows.house import House


def _write(house: House) -> Path:
    ward, clinic = house.add("ward"), house.add("clinic")
    pacs, links = house.add("pacs", "dicom"), house.add("links", "crosswalk", snapshot=True)
    write_records(ward / "a.ndjson", [patient(1), encounter("v", 1)])
    text = "Seen for shortness of breath on exertion."
    write_records(clinic / "a.ndjson", [patient(2), encounter("w", 2), note("n", 2, "w", text)])
    write_image(pacs / "one.dcm", "P-100001", 1)
    return links / "links.csv"


def _owners(house: House, kind: str) -> set[tuple[int, date]]:
    """Whose the vectors of a kind are, and their dates."""
    encoder = load_encoder({"note": "minilm-l6-v2", "image": "efficientnet-lite0"}[kind])
    held = house.vectors.digests(kind, encoder)
    return set(zip(held["person_id"].to_pylist(), held["date"].to_pylist(), strict=True))


def test_a_late_link_rewrites_rows_dates_and_vectors_and_unlinking_restores_them(house: House) -> None:
    links = _write(house)
    write_links(links, [])
    first = house.night()
    assert first.exit_code == 0
    apart = house.digests(leave_out=["linkage.history", "records.ledger"])
    before = {t: house.rows(t) for t in ("omop.visit_occurrence", "omop.note", "imaging.instance")}
    assert house.rows("linkage.person")["person_id"].n_unique() == 3

    vectors = {kind: _owners(house, kind) for kind in ("note", "image")}

    rows = [("ward", mrn(1), "pacs", "P-100001"), ("ward", mrn(1), "clinic", mrn(2))]
    write_links(links, rows)
    linked = house.night()
    assert linked.summary["linkage"]["joined"]
    assert linked.exit_code == 0
    after = {t: house.rows(t) for t in before}
    (person,) = house.rows("linkage.person")["person_id"].unique().to_list()
    for table, frame in after.items():
        assert frame["person_id"].unique().to_list() == [person], table
    moved = 0
    for table, day in (("omop.note", "note_date"), ("imaging.instance", "study_date")):
        old, new = before[table], after[table]
        if old["person_id"].to_list() != new["person_id"].to_list():
            moved += 1
            assert old[day].to_list() != new[day].to_list(), table
    assert moved >= 1, "two of three persons were joined to the third"
    assert {(p, d) for p, d in _owners(house, "note")} == {(person, after["omop.note"]["note_date"][0])}
    assert {(p, d) for p, d in _owners(house, "image")} == {
        (person, after["imaging.instance"]["study_date"][0])
    }
    # one person's shift: the visit, the note and the image of one true day lie on one day
    days = {
        after["omop.visit_occurrence"]["visit_start_date"][0],
        after["omop.note"]["note_date"][0],
        after["imaging.instance"]["study_date"][0],
    }
    assert len(days) == 1

    write_links(links, [])
    parted = house.night()
    assert parted.summary["linkage"]["parted"]
    assert house.digests(leave_out=["linkage.history", "records.ledger"]) == apart
    assert {kind: _owners(house, kind) for kind in vectors} == vectors
    assert house.rows("linkage.history").height > 0


@pytest.mark.parametrize("kept_days", [30, 0])
def test_a_link_later_than_its_files_rewrites_them_from_kept_copies(house: House, kept_days: float) -> None:
    ward, clinic = house.add("ward", kept_days=kept_days), house.add("clinic", kept_days=kept_days)
    links = house.add("links", "crosswalk", snapshot=True) / "links.csv"
    write_records(ward / "monday.ndjson", [patient(1), encounter("v", 1)])
    write_records(
        clinic / "monday.ndjson", [patient(2), encounter("w", 2), note("n", 2, "w", "Seen for a cough.")]
    )
    write_links(links, [])
    assert house.night().exit_code == 0
    apart = house.digests(leave_out=["linkage.history", "records.ledger"])

    (ward / "monday.ndjson").unlink()
    (clinic / "monday.ndjson").unlink()
    write_records(ward / "tuesday.ndjson", [])
    write_links(links, [("ward", mrn(1), "clinic", mrn(2))])
    linked = house.night()
    (person,) = house.rows("linkage.person")["person_id"].unique().to_list()
    owners = set(house.rows("omop.visit_occurrence")["person_id"].to_list())
    warned = [
        s["account"]["warnings"].get("linkage-out-of-reach", 0) for s in linked.summary["sources"].values()
    ]
    if not kept_days:
        assert sum(warned) == 2 and len(owners) == 2  # what is known of a joined person changes both
        return
    assert sum(warned) == 0 and owners == {person}
    assert set(house.rows("omop.note")["person_id"].to_list()) == {person}

    write_links(links, [])
    house.night()
    assert house.digests(leave_out=["linkage.history", "records.ledger"]) == apart
    sealed = [path for path in house.home.landing.rglob("*") if path.is_file()]
    assert sealed and not any(mrn(n).encode() in path.read_bytes() for n in (1, 2) for path in sealed)


def test_a_link_that_its_record_takes_back_is_undone(house: House) -> None:
    """The superseded statement lies in the folder still."""
    ward = house.add("ward")
    others = [encounter("v", 1), note("m", 1, "v", "Seen for wheezing."), encounter("w", 2)]
    others.append(note("n", 2, "w", "Seen for shortness of breath on exertion."))
    write_records(ward / "1.ndjson", [patient(1), patient(2), *others])
    assert house.night().exit_code == 0
    left = ["linkage.history", "records.ledger"]
    apart, vectors = house.digests(leave_out=left), _owners(house, "note")
    assert len({person for person, _ in vectors}) == 2

    link = [{"other": {"reference": "Patient/patient-2"}, "type": "seealso"}]
    write_records(ward / "2.ndjson", [{**patient(1, updated="2024-01-02T00:00:00Z"), "link": link}])
    assert house.night().summary["linkage"]["joined"]
    assert len({person for person, _ in _owners(house, "note")}) == 1

    write_records(ward / "3.ndjson", [patient(1, updated="2024-01-03T00:00:00Z")])
    parted = house.night()
    assert parted.exit_code == 0 and parted.summary["linkage"]["parted"]
    after = house.digests(leave_out=left)
    changed = {table for table in apart if apart[table] != after[table]}
    assert changed <= {"records.patient"}, "when the Patient was last updated is another"
    assert after.keys() == apart.keys() and _owners(house, "note") == vectors
