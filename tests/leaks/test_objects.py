"""The leak test over de-identified objects: wherever an identifier is left in a file or its preview, it is found."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from stores.objects import preview_key
from tests.dicom_files import image
from tests.flows.house import House
from tests.imaging.nights import contents, image_house, image_night, store
from tests.imaging.pictures import save, uids
from tests.leaks.canary import CANARY, CANARY_BIRTH, CANARY_UID, canary_identifiers
from tests.leaks.cli import main
from tests.leaks.identifiers import Identifiers, collect
from tests.leaks.scanner import survey

_NAME = f"{CANARY}^Piepp"


def _item(**elements: Any) -> Dataset:
    item = Dataset()
    for name, value in elements.items():
        setattr(item, name, value)
    return item


def _nested() -> Dataset:
    inner = _item()
    inner.private_block(0x0011, "CANARY", create=True).add_new(0x01, "LO", f"of {CANARY}")
    return image(ReferencedSeriesSequence=Sequence([_item(ReferencedImageSequence=Sequence([inner]))]))


def _as_bytes(implicit: bool) -> Dataset:
    """A sequence in a private UN element, deflated inside: only who parses the items finds what is in them."""
    block = Dataset()
    block.add_new(0x00089999, "OB", zlib.compress(f"seen by {CANARY}".encode()))
    file = io.BytesIO()
    block.save_as(file, implicit_vr=implicit, little_endian=True)
    body = file.getvalue()
    found = image()
    items = b"\xfe\xff\x00\xe0" + len(body).to_bytes(4, "little") + body
    found.private_block(0x0011, "CANARY", create=True).add_new(0x01, "UN", items)
    return found


def _charset() -> Dataset:
    return image(SpecificCharacterSet="ISO_IR 144", StudyDescription="снимок: Жаворонков")


def _deflated() -> Dataset:
    found = image(StudyDescription=f"of {CANARY}")
    found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return found


def _deflated_pixels() -> Dataset:
    found = image(Columns=40, Rows=1, PixelData=CANARY.encode().ljust(40, b"."))
    found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return found


def _implicit() -> Dataset:
    found = _nested()
    found.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return found


def _meta() -> Dataset:
    found = image()
    found.file_meta.SourceApplicationEntityTitle = "Piepp"
    return found


def _jpeg_comment() -> Dataset:
    from pydicom.encaps import encapsulate

    file = io.BytesIO()
    Image.new("L", (4, 4)).save(file, "jpeg", comment=CANARY.encode())
    found = image(PixelData=encapsulate([file.getvalue()]))
    found["PixelData"].is_undefined_length = True
    found.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    return found


def _document(data: bytes) -> Dataset:
    return image(PixelData=None, EncapsulatedDocument=data + b"\0" * (len(data) % 2))


def _pdf(shown: bytes) -> bytes:
    packed = zlib.compress(b"BT /F1 12 Tf " + shown + b" ET")
    stream = b"<< /Filter /FlateDecode >>\nstream\n" + packed + b"\nendstream"
    return b"%PDF-1.4\n4 0 obj\n" + stream + b"\nendobj\n%%EOF\n"


def _packed_cda() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cda.xml", f"<name><given>{CANARY[:3]}&#97;{CANARY[4:]}</given></name>")
    return file.getvalue()


_HEX = CANARY.encode("utf-16-be").hex().encode()
_PLACES: dict[str, tuple[Callable[[], Dataset], str]] = {
    "name": (lambda: image(PatientName=_NAME), "PatientName"),
    "number of staff in a list": (lambda: image(OperatorsName=["REMOVED", _NAME]), "OperatorsName"),
    "nested private": (_nested, "element (0011,1001)"),
    "implicit": (_implicit, "element (0011,1001)"),
    "implicit items as bytes": (lambda: _as_bytes(True), "element (0008,9999)"),
    "explicit items as bytes": (lambda: _as_bytes(False), "element (0008,9999)"),
    "Cyrillic": (_charset, "StudyDescription"),
    "deflated": (_deflated, "StudyDescription"),
    "pixels, deflated": (_deflated_pixels, "inflated"),
    "file meta information": (_meta, "SourceApplicationEntityTitle"),
    "UID": (lambda: image(FrameOfReferenceUID=CANARY_UID), "FrameOfReferenceUID"),
    "birth date": (lambda: image(PatientBirthDate=CANARY_BIRTH.replace("-", "")), "PatientBirthDate"),
    "comment of a JPEG": (_jpeg_comment, "raw bytes"),
    "PDF": (lambda: _document(_pdf(f"({CANARY}) Tj".encode())), "EncapsulatedDocument > PDF"),
    "PDF in pieces": (
        lambda: _document(_pdf(f"[({CANARY[:6]}) -20 ({CANARY[6:]})] TJ".encode())),
        "EncapsulatedDocument > PDF",
    ),
    "PDF in UTF-16": (lambda: _document(_pdf(b"<feff" + _HEX + b"> Tj")), "EncapsulatedDocument > PDF"),
    "CDA in a zip": (lambda: _document(_packed_cda()), "zip member"),
}


def _home(tmp_path: Path) -> Path:
    folder = tmp_path / "objects" / "0f" / "00000000000000ff"
    folder.mkdir(parents=True)
    return folder


def _identifiers() -> Identifiers:
    found = canary_identifiers()
    found.add("family_name", "Жаворонков")
    return found.settle()


@pytest.mark.parametrize("name", _PLACES)
def test_what_is_left_in_an_object_is_found(name: str, tmp_path: Path) -> None:
    make, where = _PLACES[name]
    save(_home(tmp_path) / "2.25.1-0000000000000001.dcm", make())
    report = survey(tmp_path, _identifiers())
    assert report.undecoded == []
    found = [finding.where for finding in report.findings if finding.certain]
    assert [place for place in found if where in place], found


def test_what_is_left_beside_the_elements_is_found(tmp_path: Path) -> None:
    """The preamble, what lies behind the data set, the file's name, a preview's text."""
    folder = _home(tmp_path)
    save(folder / "a.dcm", image())
    data = (folder / "a.dcm").read_bytes()
    (folder / "a.dcm").write_bytes(CANARY.encode().ljust(128, b"\0") + data[128:])
    (folder / "b.dcm").write_bytes(data + CANARY.encode())
    (folder / f"{CANARY_UID}.dcm").write_bytes(data)
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", CANARY, zip=True)
    Image.new("L", (4, 4)).save(folder / "d.png", pnginfo=text)
    found = {Path(f.file).name: f.where for f in survey(tmp_path, canary_identifiers()).findings if f.certain}
    assert found.keys() == {"a.dcm", "b.dcm", f"{CANARY_UID}.dcm", "d.png"}


def test_an_object_that_cannot_be_decoded_is_told(tmp_path: Path) -> None:
    folder = _home(tmp_path)
    save(folder / "a.dcm", _nested())
    whole = (folder / "a.dcm").read_bytes()
    (folder / "a.dcm").write_bytes(whole[: whole.index(CANARY.encode()) - 3])
    assert [file for file, _ in survey(tmp_path, canary_identifiers()).undecoded] == [
        "objects/0f/00000000000000ff/a.dcm"
    ]


def test_birth_dates_in_objects_are_judged_by_patient_id(tmp_path: Path) -> None:
    shifted = {"PatientID": "7", "StudyDate": CANARY_BIRTH.replace("-", "")}
    save(_home(tmp_path) / "a.dcm", image(**shifted))
    own = survey(tmp_path, canary_identifiers(), persons={7: "fhir/canary", 8: "fhir/other"})
    assert [f.where for f in own.findings if f.certain] == ["element (0008,0020) StudyDate"]
    chance = survey(tmp_path, canary_identifiers(), persons={8: "fhir/canary", 7: "fhir/other"})
    assert not [f for f in chance.findings if f.certain] and chance.coincidences


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, own_environment: pytest.MonkeyPatch) -> House:
    """Objects that a night made of images full of identifiers, in a folder and in an archive."""
    house = image_house(tmp_path_factory.mktemp("night"))
    pacs = house.add("pacs", "dicom")
    identifying = {
        "PatientID": "MRN-7731942",
        "PatientName": "Nachtigall^Philomele",
        "PatientBirthDate": "19310719",
        "AccessionNumber": "ACC-5512087",
        "ReferringPhysicianName": "Wiedehopf^Upupa",
        "InstitutionName": "Sperlingshof Klinikum",
        "StudyDate": "20230506",
        "StudyDescription": "Chest of Philomele Nachtigall, MRN-7731942",
    }
    for number in (1, 2):
        one = image(**uids(number), **identifying)
        one.ReferencedImageSequence = Sequence([_item(ReferencedSOPInstanceUID="1.2.826.78.0.1.1")])
        one.private_block(0x0009, "VENDOR", create=True).add_new(0x01, "LO", "Nachtigall^Philomele")
        save(pacs / f"nachtigall-{number}.dcm", one)
    with zipfile.ZipFile(pacs / "export-nachtigall.zip", "w") as archive:
        archive.write(pacs / "nachtigall-2.dcm", "NACHTIGALL2.DCM")
    (pacs / "nachtigall-2.dcm").unlink()
    assert image_night(house).objects["status"] == {"written": 2}
    return house


def _command(house: House) -> int:
    return main(["--home", str(house.home.path), "--dicom", str(house.exports)])


def test_identifiers_are_collected_from_files_and_from_archives(night: House, tmp_path: Path) -> None:
    found = collect({"dicom": [night.exports]})
    values = {item.value for item in found.items}
    assert {"MRN-7731942", "Philomele", "Wiedehopf", "ACC-5512087", "1931-07-19"} <= values
    assert {"NACHTIGALL2.DCM", "1.2.826.78.0.1.1", "1.2.826.78.0.2.1"} <= values
    assert not found.unread


def test_the_objects_of_a_night_hold_none(night: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert _command(night) == 0
    told = capsys.readouterr().out
    assert "could not be decoded" not in told
    report = survey(night.home.path, collect({"dicom": [night.exports]}))
    assert report.files["objects"] == 4 and report.strings["objects"] > 60


@pytest.mark.parametrize(
    "keyword", ["PatientName", "AccessionNumber", "StudyDescription", "PatientBirthDate"]
)
def test_one_that_is_put_back_into_an_object_is_a_leak(keyword: str, night: House) -> None:
    key = next(key for key in sorted(contents(night)) if key.endswith(".dcm"))
    path = store(night).path(key)
    before = path.read_bytes()
    dataset = dcmread(path)
    source = dcmread(night.exports / "pacs" / "nachtigall-1.dcm")
    setattr(dataset, keyword, source[keyword].value)
    dataset.save_as(path)
    try:
        assert _command(night) == 1
    finally:
        path.write_bytes(before)


def test_one_that_is_put_into_a_preview_is_a_leak(night: House) -> None:
    key = next(key for key in sorted(contents(night)) if key.endswith(".dcm"))
    path = store(night).path(preview_key(key))
    before = path.read_bytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", "Philomele", zip=True)
    Image.open(io.BytesIO(before)).save(path, "png", pnginfo=text)
    try:
        assert _command(night) == 1
    finally:
        path.write_bytes(before)
