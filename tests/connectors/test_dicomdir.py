"""DICOMDIR media: all files are read, and what the directory lists and is not there is told."""

from __future__ import annotations

import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from connectors.dicom import DicomConnector
from contracts.protocols import Reading
from contracts.units import WHOLE, Source, Unit
from stores.places import place_of
from tasks.bundling import process_units
from tests.accounts import accounted
from tests.dicom_files import KEY, image, write
from tests.tasks.rooms import make_room

LISTED = 31


@pytest.fixture(scope="module")
def medium() -> Path:
    """A CD of 31 images, as pydicom brings it."""
    from pydicom.data import get_testdata_file

    found = get_testdata_file("DICOMDIR", download=False)
    assert found
    return Path(str(found)).parent


@pytest.fixture
def copy(medium: Path, tmp_path: Path) -> Path:
    """The CD's images and its directory, without pydicom's other directories."""
    target = tmp_path / "cd"
    target.mkdir()
    for folder in (path for path in medium.iterdir() if path.is_dir() and path.name.isdigit()):
        shutil.copytree(folder, target / folder.name)
    for name in sorted({str(record.ReferencedFileID[0]) for record in listed(medium / "DICOMDIR")}):
        if not (target / name).exists():
            shutil.copytree(medium / name, target / name)
    shutil.copy(medium / "DICOMDIR", target)
    return target


def listed(path: Path) -> list[Dataset]:
    return [record for record in dcmread(path).DirectoryRecordSequence if "ReferencedFileID" in record]


def fates(location: Path) -> Counter[str]:
    """What becomes of all records of a source."""
    source, found = Source("cd", "dicom", str(location), authority="radiology"), Counter[str]()
    for item in DicomConnector().discover(source, "").listed:
        unit = Unit("cd/0", "cd", "dicom", "d")
        reading = Reading(unit, source, place_of(source, item.path), KEY, item.path)
        for table, batch in accounted(DicomConnector().read(reading, WHOLE)):
            column = {"rejected": "reason", "ignored": "type"}.get(table)
            found.update(batch[column].to_pylist() if column else ["indexed"] * batch.num_rows)
    return found


def test_all_files_of_a_medium_are_read_and_its_directory_is_none(copy: Path) -> None:
    write(copy / "NOT LISTED", image())
    assert fates(copy) == {"indexed": LISTED + 1, "directory": 1}


@pytest.mark.parametrize(
    "rename",
    [str.lower, lambda name: f"{name};1", lambda name: f"{name}.;1", lambda name: f"{name.lower()}."],
    ids=["lower case", "version", "dot and version", "dot"],
)
def test_names_are_found_as_file_systems_of_media_spell_them(
    rename: Callable[[str], str], copy: Path
) -> None:
    for path in [path for path in copy.rglob("*") if path.is_file()]:
        path.rename(path.with_name(rename(path.name)))
    for path in [path for path in copy.rglob("*") if path.is_dir()][::-1]:
        path.rename(path.with_name(path.name.lower()))
    assert fates(copy) == {"indexed": LISTED, "directory": 1}


def test_files_that_are_not_there_are_told_each(copy: Path) -> None:
    gone = [copy.joinpath(*record.ReferencedFileID) for record in listed(copy / "DICOMDIR")][3:8]
    for path in gone:
        path.unlink()
    assert fates(copy) == {"indexed": LISTED - 5, "directory": 1, "missing-from-medium": 5}


@pytest.mark.parametrize("kind", ["zip", "folder of it"])
def test_a_medium_in_an_archive_or_below_a_folder(kind: str, copy: Path, tmp_path: Path) -> None:
    (copy / "CR1.txt").touch()
    gone = copy.joinpath(*listed(copy / "DICOMDIR")[0].ReferencedFileID)
    gone.unlink()
    where = tmp_path / "export"
    where.mkdir()
    if kind == "zip":
        with zipfile.ZipFile(where / "cd.zip", "w") as zipped:
            for path in copy.rglob("*"):
                if path.is_file():
                    zipped.write(path, f"disk 1/{path.relative_to(copy)}")
    else:
        copy.rename(where / "disk 1")
    expected = {"indexed": LISTED - 1, "directory": 1, "missing-from-medium": 1, "empty-file": 1}
    assert fates(where) == expected


def with_ids(copy: Path, change: Callable[[Dataset], None]) -> None:
    directory = dcmread(copy / "DICOMDIR")
    for record in directory.DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            change(record)
    directory.save_as(copy / "DICOMDIR", enforce_file_format=True)


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize(
    "leading", [["..", "outside"], ["/etc", "passwd"], ["A", "", "B"], ["C:", "X"], [".", "outside"]]
)
def test_names_that_lead_out_of_a_medium_are_refused(leading: list[str], copy: Path) -> None:
    write(copy.parent / "outside", image())  # beside the medium: not of this source
    first = listed(copy / "DICOMDIR")[0].ReferencedFileID

    def change(record: Dataset) -> None:
        if record.ReferencedFileID == first:
            record.ReferencedFileID = leading

    with_ids(copy, change)
    assert fates(copy) == {"indexed": LISTED, "directory": 1, "unsafe-file-id": 1}


def test_records_that_are_not_in_use_are_passed_over(copy: Path) -> None:
    def retire(record: Dataset) -> None:
        copy.joinpath(*record.ReferencedFileID).unlink(missing_ok=True)
        record.RecordInUseFlag = 0

    with_ids(copy, retire)
    assert fates(copy) == {"directory": 1}


@pytest.mark.parametrize("name", ["DICOMDIR-implicit", "DICOMDIR-bigEnd", "DICOMDIR-reordered"])
def test_a_directory_of_any_encoding_says_the_same(name: str, medium: Path, copy: Path) -> None:
    shutil.copy(medium / name, copy / "DICOMDIR")
    expected = {ImplicitVRLittleEndian, ExplicitVRBigEndian}
    assert (dcmread(copy / "DICOMDIR").file_meta.TransferSyntaxUID in expected) is ("reordered" not in name)
    gone = copy.joinpath(*listed(copy / "DICOMDIR")[-1].ReferencedFileID)
    gone.unlink()
    assert fates(copy) == {"indexed": LISTED - 1, "directory": 1, "missing-from-medium": 1}


def test_the_directory_alone_tells_of_no_files(copy: Path) -> None:
    assert fates(copy / "DICOMDIR") == {"directory": 1}


def test_in_a_night_each_missing_file_is_a_quarantined_record(copy: Path, tmp_path: Path) -> None:
    room = make_room(tmp_path, "dicom")
    for record in listed(copy / "DICOMDIR")[2:]:
        copy.joinpath(*record.ReferencedFileID).unlink(missing_ok=True)
    shutil.copytree(copy, room.folder, dirs_exist_ok=True)
    jobs = [room.job(surveyed.unit) for surveyed in room.survey()]
    together = process_units(jobs)
    assert sum(done is None for done in together) == 1, "the directory is processed alone"
    done = room.process()
    reasons = sum((Counter(one.account["reasons"]) for one in done), Counter[str]())
    types = sum((Counter(one.account["types"]) for one in done), Counter[str]())
    assert reasons == {"missing-from-medium": LISTED - 2}
    assert types == {"accepted:instance": 2, "unmapped:directory": 1}
    assert sum(one.account["read"] for one in done) == 2 + 1 + LISTED - 2
    held = room.work.quarantine.list("ward")
    assert len(held) == LISTED - 2 and "77654033" not in repr(held), "no name of a file is told"
