"""Surveying: a keyed digest of the bytes, and who is in them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.flows.exports import patient, write_image
from tests.tasks.rooms import make_room


def test_a_unit_has_a_keyed_digest_and_its_people_are_known(tmp_path: Path) -> None:
    room = make_room(tmp_path)
    path = room.write("a.ndjson", [patient(1), patient(2)])
    (surveyed,) = room.survey()
    assert surveyed.reason == ""
    assert surveyed.unit.size == path.stat().st_size
    data = path.read_bytes()
    for plain in (hashlib.sha256, hashlib.blake2b, hashlib.md5):
        assert surveyed.unit.digest not in plain(data).hexdigest()
    people = room.work.vault.people(surveyed.unit)
    assert len({person.person_id for person in people.values()}) == 2


def test_the_digest_follows_content_alone(tmp_path: Path) -> None:
    room = make_room(tmp_path)
    room.write("a.ndjson", [patient(1)])
    room.write("b.ndjson", [patient(1)])
    room.write("c.ndjson", [patient(2)])
    a, b, c = (surveyed.unit for surveyed in room.survey())
    assert a.digest == b.digest != c.digest
    assert len({a.unit, b.unit, c.unit}) == 3


def test_a_unit_whose_people_cannot_be_read_is_surveyed_with_nobody(tmp_path: Path) -> None:
    room = make_room(tmp_path, "vcf")
    (room.folder / "broken.vcf").write_text("##fileformat=VCFv4.2\nnot a header\n")
    (surveyed,) = room.survey()
    assert surveyed.unit.digest
    assert surveyed.reason
    assert room.work.vault.people(surveyed.unit) == {}


def test_an_image_without_patient_id_is_nobodys(tmp_path: Path) -> None:
    room = make_room(tmp_path, "dicom")
    write_image(room.folder / "a.dcm", "", 1)
    (surveyed,) = room.survey()
    assert room.work.vault.people(surveyed.unit) == {}
