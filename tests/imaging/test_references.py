"""References between files resolve when the referring file comes on another night than what it refers to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from contracts.privacy import Profile
from flows.rounds import Options
from tasks.deidentification.keyed import surrogate_uid
from tasks.workroom import open_workroom
from tests.flows.house import House
from tests.imaging.nights import image_house, image_night, written
from tests.imaging.referring import references, referring, slices, write_all, write_directory

FIRST, SECOND = 1, 2
KINDS = ["SEG", "RTSTRUCT", "SR", "PR", "KO"]
_OF_INSTANCE = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def _deliver(folder: Path, night: int, datasets: list[Dataset]) -> None:
    """Tonight's export: what came before is there no longer."""
    shutil.rmtree(folder)
    write_all(folder / str(night), datasets)


def _replaced(source: list[Dataset], made: dict[tuple[str, int], Dataset], study: int) -> dict[str, str]:
    """UIDs of images by what they became, read from the images' own elements."""
    found: dict[str, str] = {}
    for one in source:
        new = made["CT", 10 * study + one.InstanceNumber]
        for name in (*_OF_INSTANCE, "FrameOfReferenceUID"):
            assert found.setdefault(str(one[name].value), str(new[name].value)) == str(new[name].value)
    return found


def _by_number(house: House) -> dict[tuple[str, int], Dataset]:
    made = written(house)
    found: dict[tuple[str, int], Dataset] = {(str(d.Modality), int(d.AcquisitionNumber)): d for d in made}
    assert len(found) == len(made)
    return found


@pytest.mark.parametrize("profile", list(Profile))
def test_references_resolve_over_two_nights_in_either_order(
    profile: Profile, tmp_path: Path, own_environment: pytest.MonkeyPatch
) -> None:
    house = image_house(tmp_path, profile)
    pacs = house.add("pacs", "dicom")
    images = {study: slices(study) for study in (FIRST, SECOND)}
    others = {study: referring(images[study], study) for study in (FIRST, SECOND)}
    for study in (FIRST, SECOND):
        for one in (*images[study], *others[study]):
            one.AcquisitionNumber = 10 * study + one.InstanceNumber
            one.PatientID = f"P-{study}"

    _deliver(pacs, 1, [*images[FIRST], *others[SECOND]])
    first = image_night(house)
    assert first.objects["status"] == {"written": 2 + len(KINDS)}
    before = {str(d.SOPInstanceUID) for d in written(house)}
    _deliver(pacs, 2, [*images[SECOND], *others[FIRST]])
    assert image_night(house).objects["status"] == {"written": 2 * (2 + len(KINDS))}

    made = _by_number(house)
    for study in (FIRST, SECOND):
        replaced = _replaced(images[study], made, study)
        of_images = {str(made["CT", 10 * study + n].SOPInstanceUID) for n in (1, 2)}
        assert (of_images <= before) is (study == FIRST), "the images came on the other night"
        tracked = set()
        for source in others[study]:
            kind = str(source.Modality)
            new = made[kind, 10 * study + 1]
            assert (str(new.SOPInstanceUID) in before) is (study == SECOND)
            told, now = list(references(source)), list(references(new))
            assert [name for name, _ in now] == [name for name, _ in told], "none is lost, none is new"
            referred = [(old, uid) for (_, old), (_, uid) in zip(told, now, strict=True) if old in replaced]
            assert (
                {uid for _, uid in referred} >= of_images
                if kind != "KO"
                else of_images & {uid for _, uid in referred}
            )
            assert [uid for _, uid in referred] == [replaced[old] for old, _ in referred], kind
            assert not {uid for _, uid in now} & {old for _, old in told}, "no UID is as it was"
            tracked |= {uid for (_, old), (_, uid) in zip(told, now, strict=True) if old.endswith(".77")}
        assert len(tracked) == 1, "the report tracks the segment"
    assert sorted(kind for kind, _ in made if kind != "CT") == sorted(2 * KINDS)


_OF_RECORD = ("ReferencedSOPInstanceUIDInFile", "SeriesInstanceUID", "StudyInstanceUID")


def test_what_a_dicomdir_lists_is_found_among_the_objects_whenever_it_comes(house: House) -> None:
    """A directory becomes no object; its UIDs are, replaced, those of objects, those of a later night among them."""
    medium = house.add("cd", "dicom", snapshot=True)
    images = slices(FIRST)
    for one in images:
        one.StudyDate, one.StudyTime = "20230506", "101112"
    directory = write_directory(medium, images)
    listed = {
        name: {str(e.value) for e in dcmread(directory).iterall() if e.keyword == name} for name in _OF_RECORD
    }
    assert [len(listed[name]) for name in _OF_RECORD] == [2, 1, 1]
    (late,) = [p for p in medium.rglob("IM*") if dcmread(p).InstanceNumber == 2]
    data = late.read_bytes()
    late.unlink()

    night = image_night(house)
    assert night.state == "quarantine" and "| cd | missing-from-medium | 1 |" in night.page
    assert night.objects["status"] == {"written": 1}
    late.write_bytes(data)
    night = image_night(house, Options(reprocess=True))  # as the reason's remedy says
    assert night.state == "published" and night.objects["status"] == {"written": 2}

    key, made = open_workroom(str(house.home.path)).key, written(house)
    for name, of_object in zip(_OF_RECORD, _OF_INSTANCE, strict=True):
        replaced = {surrogate_uid(key, uid) for uid in listed[name]}
        assert replaced == {str(one[of_object].value) for one in made}, name
