"""Units processed together leave behind what each leaves behind alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.dicom import DicomConnector
from contracts.errors import Retriable
from contracts.protocols import Reading
from stores import staging
from stores.staging import Manifest
from tasks.bundling import process_units
from tasks.processing import process_unit
from tests.dicom_files import image, write
from tests.tasks.rooms import Room, make_room


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A tree of images of two people and of nobody, of odd ones, of broken files and of what is no image."""
    room = make_room(tmp_path_factory.mktemp("bundle"), "dicom")
    for number in range(6):
        who = {0: "4711", 1: "4712", 2: None}[number % 3]
        what = image(SOPInstanceUID=f"1.2.3.{number}", PatientID=who, StudyDate=f"2024010{number + 1}")
        write(room.folder / f"{number}.dcm", what)
    write(room.folder / "odd.dcm", image(SOPInstanceUID="1.2.3.70", PixelSpacing=["1", "1", "1"]))
    write(room.folder / "no-uid.dcm", image(SOPInstanceUID=None))
    (room.folder / "cut.dcm").write_bytes(write(room.folder / "a").read_bytes()[:-9])
    (room.folder / "notes.txt").write_text("no image")
    (room.folder / "empty").touch()
    shutil.copy(room.folder / "0.dcm", room.folder / "again.dcm")
    return room


def told(manifest: Manifest) -> dict[str, Any]:
    """A manifest without the names of files, and its rows."""
    data = manifest.to_json()
    data["tables"] = {name: entry["rows"] for name, entry in data["tables"].items()}
    rows = {
        name: pa.Table.from_batches(manifest.batches(name)).to_pylist()
        for name in manifest.tables
        if manifest.rows(name)
    }
    return {**data, "found": rows}


def test_together_and_alone_come_to_the_same(made: Room) -> None:
    jobs = [made.job(surveyed.unit) for surveyed in made.survey()]
    keys = [(job.unit.token, job.fingerprint) for job in jobs]
    root = made.work.home.staging
    alone = [process_unit(job) for job in jobs]
    expected = {key: told(m) for key, m in staging.find_all(root, "ward", keys).items()}
    held = made.work.quarantine.list()
    revealed = {h.token: made.work.quarantine.reveal(h.token).to_pylist() for h in held}
    assert len(expected) == len(keys) == 13
    staging.remove(*staging.manifests(root, "ward"))
    assert not staging.find_all(root, "ward", keys)

    together = process_units(jobs)
    assert together == alone
    found = staging.find_all(root, "ward", keys)
    assert {key: told(m) for key, m in found.items()} == expected
    assert made.work.quarantine.list() == held and len(held) == 2
    assert {h.token: made.work.quarantine.reveal(h.token).to_pylist() for h in held} == revealed
    assert len(list(root.glob("ward/*"))) == 1, "one folder for all of them"
    assert [p.reused for p in process_units(jobs) if p] == [True] * 13, "what is staged is not made again"


def test_what_cannot_be_read_now_is_left_to_be_tried_alone(
    made: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [made.job(surveyed.unit) for surveyed in made.survey()]
    staging.remove(*staging.manifests(made.work.home.staging, "ward"))
    whole, unlucky = DicomConnector.read_single, jobs[3].unit

    def read(self: DicomConnector, reading: Reading) -> Any:
        if reading.unit == unlucky:
            raise Retriable("a unit cannot be read", "unit")
        return whole(self, reading)

    monkeypatch.setattr(DicomConnector, "read_single", read)
    together = process_units(jobs)
    assert [i for i, done in enumerate(together) if done is None] == [3]
    assert together[0] is not None and together[0].account["read"] == 1


def test_a_bundle_goes_unit_by_unit(made: Room) -> None:
    jobs = [made.job(surveyed.unit) for surveyed in made.survey()]
    root = made.work.home.staging
    staging.remove(*staging.manifests(root, "ward"))
    process_units(jobs)
    before = {(m.unit.token, m.fingerprint): told(m) for m in staging.manifests(root, "ward")}
    first, *rest = staging.manifests(root, "ward")
    staging.remove(first)
    after = {(m.unit.token, m.fingerprint): told(m) for m in staging.manifests(root, "ward")}
    del before[first.unit.token, first.fingerprint]
    assert after == before
    keep = {("ward", rest[0].unit.token, rest[0].fingerprint)}
    assert staging.sweep(root, keep) == 0
    staging.remove(*rest)
    assert not list(root.glob("ward/*"))
    process_units(jobs)
    assert staging.sweep(root, set()) == 1
    assert not list(root.glob("ward/*"))


def test_an_interrupted_bundle_leaves_nothing(
    made: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jobs = [made.job(surveyed.unit) for surveyed in made.survey()]
    root = made.work.home.staging
    staging.remove(*staging.manifests(root, "ward"))

    def fail(*_: Any) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("stores.staging_bundle.write_json", fail)
    with pytest.raises(OSError, match="no space"):
        process_units(jobs)
    assert not list(root.glob("ward/*"))
