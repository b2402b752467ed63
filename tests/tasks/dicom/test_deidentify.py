"""DICOM files by PS3.15 Annex E: what is planted is gone, what should stay stays, to the byte."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from contracts.errors import Fatal, Rejected
from contracts.identity import Person
from contracts.privacy import Profile
from tasks.deidentification.keyed import surrogate_uid
from tasks.dicom.deidentify import FileCleaner, Options, Told, choose_options
from tests.dicom_files import UIDS, image
from tests.tasks.deidentification.people import KEY, MARIA, TODAY
from tests.tasks.dicom.files import TRACES, clean, cleaned_image, nest, planted, read, to_bytes

ENCODINGS = ("explicit", "implicit", "big")


def whole(dataset: Dataset, **elements: Any) -> Dataset:
    """The elements in an image's data set, over its own."""
    made = image(PatientID=None, PatientName=None, **elements)
    for element in dataset:
        made.add(element)
    made.SOPInstanceUID = UIDS["SOPInstanceUID"]
    return made


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("depth", [0, 3])
def test_nothing_planted_in_the_table_survives_the_basic_profile(encoding: str, depth: int) -> None:
    data = to_bytes(whole(nest(planted(), depth)), encoding)
    assert all(trace in data for trace in TRACES)
    found = clean(data, Options(), None).to_bytes()
    assert [trace for trace in TRACES if trace in found] == []
    if depth:
        item = read(clean(data, Options(), None))
        for _ in range(depth):
            item = item.ReferencedSeriesSequence[0]
        assert item.PatientName == "" and item.StudyDate == ""


@pytest.mark.parametrize("options", [None, Options(clean_graphics=True, clean_descriptors=True)])
@pytest.mark.parametrize("depth", [0, 3])
def test_no_trait_of_the_person_survives_whatever_stays(options: Options | None, depth: int) -> None:
    values = {
        **dict.fromkeys(("LO", "LT", "ST", "UT", "UC", "PN"), "García-Lorca"),
        "SH": "García",
        "CS": "LORCA",
        "AE": "LORCA",
        "UR": "urn:lorca",
        "OB": b"LORCA1",
        "UN": b"LORCA1",
    }
    data = to_bytes(whole(nest(planted(values), depth), SpecificCharacterSet="ISO_IR 192"))
    found = clean(data, options).to_bytes()
    for trace in ("García", "Lorca", "LORCA", "lorca"):
        assert trace.encode() not in found


def test_private_elements_stay_where_their_creator_makes_them_safe() -> None:
    made = image()
    unsafe = made.private_block(0x0019, "SOMEBODY", create=True)
    unsafe.add_new(0x0C, "IS", "77")
    safe = made.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    safe.add_new(0x0C, "IS", "1000")
    safe.add_new(0x0D, "CS", "Garcia")
    safe.add_new(0x0E, "FD", [0.1, 0.2, 0.3])
    safe.add_new(0x22, "LO", "García")
    data = to_bytes(made)
    found = read(clean(data))
    assert {e.tag: e.value for e in found if e.tag.is_private} == {
        0x00190011: "SIEMENS MR HEADER",
        0x0019110C: 1000,
        0x0019110E: [0.1, 0.2, 0.3],
    }
    assert not [e for e in read(clean(data, Options())) if e.tag.is_private]


def test_sequences_in_un_are_cleaned_whether_implicit_or_explicit() -> None:
    item = Dataset()
    item.PatientName, item.ReferencedSOPInstanceUID, item.InstanceNumber = "QZ^CANARY", "1.2.99887766.5", 7
    for implicit in (True, False):
        from pydicom.filebase import DicomBytesIO
        from pydicom.filewriter import write_sequence_item

        raw = DicomBytesIO()
        raw.is_little_endian, raw.is_implicit_VR = True, implicit
        write_sequence_item(raw, item, ["iso8859"])
        body = raw.getvalue()
        placed = b"\x08\x00\x40\x11UN\x00\x00" + len(body).to_bytes(4, "little") + body
        data = to_bytes(image(ReferencedImageSequence=[]))
        data = data.replace(b"\x08\x00\x40\x11SQ\x00\x00\x00\x00\x00\x00", placed)
        assert b"CANARY" in data
        found = clean(data).to_bytes()
        assert b"CANARY" not in found and b"99887766" not in found
        if implicit:
            inner = read(clean(data)).ReferencedImageSequence[0]
            assert inner.ReferencedSOPInstanceUID == surrogate_uid(KEY, "1.2.99887766.5")
            assert inner.InstanceNumber == 7


@pytest.mark.parametrize(
    ("charset", "name", "text", "kept"),
    [
        ("ISO_IR 100", "Müller^Jörg", "Thorax Müller, verkalkt", "verkalkt"),
        ("ISO_IR 192", "Müller^Jörg", "Schädel Mueller, Ödem", "Ödem"),
        ("ISO_IR 144", "Иванов^Пётр", "Грудная клетка Иванов отёк", "отёк"),
        ("GB18030", "王^小东", "胸部王小东增强", "胸部"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "胸部 山田太郎 造影", "造影"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", "흉부 홍길동 조영", "조영"),
    ],
)
def test_names_go_and_clinical_words_stay_in_any_character_set(
    charset: Any, name: str, text: str, kept: str
) -> None:
    found = cleaned_image(
        person=None,
        SpecificCharacterSet=charset,
        PatientName=name,
        StudyDescription=text,
        Manufacturer="Acme",
    )
    assert found.SpecificCharacterSet == charset
    assert kept in found.StudyDescription and "[NAME]" in found.StudyDescription
    words = {w for group in name.split("=") for w in group.split("^") if len(w) > 1}
    assert not [w for w in words if w in found.StudyDescription]
    assert found.Manufacturer == "Acme"


def test_half_width_kana() -> None:
    data = to_bytes(
        image(SpecificCharacterSet="ISO_IR 13", PatientName="AAAA^T", StudyDescription="CT AAAA LUNG")
    )
    found = clean(data.replace(b"AAAA", "ﾔﾏｼﾀ".encode("shift_jis")), person=None)
    assert read(found).StudyDescription == "CT [NAME] LUNG"


@pytest.mark.parametrize(
    "text", ["Schädel nativ", "Knie links", "Crâne sans injection", "5/5mm Plain", "Smooth Tra"]
)
def test_words_of_descriptions_in_other_languages_are_no_names(text: str) -> None:
    found = cleaned_image(
        SpecificCharacterSet="ISO_IR 192", StudyDescription=text, SeriesDescription=f"{text} Lorca"
    )
    assert (found.StudyDescription, found.SeriesDescription) == (text, f"{text} [NAME]")


def test_texts_whose_character_set_lies_hide_names_too() -> None:
    data = to_bytes(image(SpecificCharacterSet="ISO_IR 192", StudyDescription="Thorax García"))
    lying = data.replace(b"ISO_IR 192", b"ISO_IR 101")
    assert "García".encode() not in clean(lying).to_bytes()
    unknown = data.replace(b"ISO_IR 192", b"KLINGON  9")
    cleaned = clean(unknown)
    assert cleaned.flags == {"undecodable-text"}
    assert read(cleaned).StudyDescription == "REMOVED"


def test_the_file_says_what_was_done_and_nothing_of_its_own_past() -> None:
    made = image(PatientIdentityRemoved="NO", DeidentificationMethod="by García", BurnedInAnnotation="YES")
    made.file_meta.SourceApplicationEntityTitle = "GARCIA_AE"
    made.file_meta.ImplementationVersionName = "GARCIA_1"
    made.preamble = b"GARCIA".ljust(128, b"!")
    data = to_bytes(made) + b"GARCIA behind the pixels"
    cleaned = clean(data, told=Told(burned_in="NO", pixels_cleaned=True))
    raw, found = cleaned.to_bytes(), read(cleaned)
    assert b"GARCIA" not in raw and raw[:132] == bytes(128) + b"DICM"
    assert found.PatientIdentityRemoved == "YES" and found.BurnedInAnnotation == "NO"
    assert found.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in found.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113101", "113104", "113105", "113107", "113108", "113111"]
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID == cleaned.sop_instance_uid
    assert found.SOPInstanceUID == surrogate_uid(KEY, UIDS["SOPInstanceUID"])
    tags = [element.tag for element in found]
    assert tags == sorted(tags)
    assert found.PixelData == bytes(range(16))


def test_dates_ages_and_the_birth_date_have_their_own_rules() -> None:
    made: dict[str, Any] = {
        "StudyDate": "20000111",
        "PatientBirthDate": "19270521",
        "PatientAge": "072Y",
        "StudyTime": "10",
    }
    found = cleaned_image(**made)
    assert (found.StudyDate, found.PatientBirthDate, found.PatientAge) == ("19991003", "", "072Y")
    assert {cleaned_image(PatientAge=age).PatientAge for age in ("093Y", "090Y")} == {"090Y"}
    nobody = cleaned_image(person=None, **made)
    assert (nobody.StudyDate, nobody.StudyTime) == ("", "")
    full = cleaned_image(Options(retain_full_dates=True), **made)
    assert (full.StudyDate, full.PatientBirthDate) == ("20000111", "")
    assert full.LongitudinalTemporalInformationModified == "UNMODIFIED"


def test_types_of_the_iod_decide_compound_actions() -> None:
    """Series Date (X/D) is optional in Secondary Capture and required in PET (PS3.3 C.8.9.1)."""
    series: dict[str, Any] = {"SeriesDate": "20000111", "DeviceSerialNumber": "4711"}
    optional = cleaned_image(Options(), **series)
    assert "SeriesDate" not in optional and "DeviceSerialNumber" not in optional
    pet = cleaned_image(Options(), SOPClassUID="1.2.840.10008.5.1.4.1.1.128", **series)
    assert pet.SeriesDate == "19000101"
    unknown = cleaned_image(Options(), SOPClassUID="1.2.99", **series)
    assert unknown.SeriesDate == "19000101" and unknown.DeviceSerialNumber == "REMOVED"


def test_references_resolve_between_files_and_nights() -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    reference.ReferencedSOPInstanceUID = UIDS["SOPInstanceUID"]
    referring = image(SOPInstanceUID="1.2.3.9", ReferencedImageSequence=Sequence([reference]))
    first = clean(to_bytes(image()))
    second = read(clean(to_bytes(referring), person=None))
    assert second.ReferencedImageSequence[0].ReferencedSOPInstanceUID == first.sop_instance_uid
    assert second.ReferencedImageSequence[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    deep = nest(Dataset(), 0)
    deep.ReferencedSOPInstanceUID = UIDS["SOPInstanceUID"]
    deep.ReferencedFrameOfReferenceUID = deep.FrameOfReferenceUID = "1.2.3.77"  # as RT structure sets have it
    item = read(clean(to_bytes(whole(nest(deep, 3)), "implicit")))
    for _ in range(3):
        item = item.ReferencedSeriesSequence[0]
    assert item.ReferencedSOPInstanceUID == first.sop_instance_uid
    frame = cleaned_image(FrameOfReferenceUID="1.2.3.77").FrameOfReferenceUID
    assert item.FrameOfReferenceUID == item.ReferencedFrameOfReferenceUID == frame != "1.2.3.77"
    kept = read(clean(to_bytes(image()), Options(retain_uids=True)))
    assert kept.SOPInstanceUID == kept.file_meta.MediaStorageSOPInstanceUID == UIDS["SOPInstanceUID"]


def test_options_of_institution_and_device_and_what_they_break() -> None:
    made: dict[str, Any] = {
        "InstitutionName": "General",
        "StationName": "CT1",
        "InstitutionAddress": "at García's",
    }
    kept = Options(retain_institution_identity=True, retain_device_identity=True)
    found = cleaned_image(kept, **made)
    assert (found.InstitutionName, found.StationName) == ("General", "CT1")
    assert "InstitutionAddress" not in found  # it holds a name of the person
    with pytest.raises(Fatal, match="retain_device_identity, retain_institution_identity"):
        FileCleaner(KEY, Profile.SAFE_HARBOR, TODAY, kept)
    chosen = choose_options(Profile.EXPERT, {"retain_full_dates": True, "clean_graphics": True})
    assert chosen.retain_full_dates and chosen.clean_graphics and not chosen.retain_modified_dates
    with pytest.raises(Fatal, match="one of retain_safe_private"):
        choose_options(Profile.EXPERT, {"retain_everything": True})
    with pytest.raises(Fatal):
        choose_options(Profile.SAFE_HARBOR, {"retain_uids": True})
    with pytest.raises(Fatal):
        Options(retain_full_dates=True, retain_modified_dates=True)


def test_overlays_and_curves_go_unless_graphics_are_cleaned() -> None:
    made = image()
    made.add_new(0x60000010, "US", 4)
    made.add_new(0x60003000, "OW", b"GARCIA")
    made.add_new(0x60004000, "LT", "of García")
    made.add_new(0x50003000, "OW", b"GARCIA")
    made.SpecificCharacterSet = "ISO_IR 100"
    gone = clean(to_bytes(made))
    assert "overlay" in gone.flags and b"GARCIA" not in gone.to_bytes()
    found = read(clean(to_bytes(made), Options(clean_graphics=True, clean_descriptors=True)))
    assert found[0x60003000].value == b"GARCIA"  # a bitmap: the stage of pixels looks at it
    assert found[0x60004000].value == "of [NAME]" and 0x50003000 not in found


def test_structured_reports_and_documents() -> None:
    content = Dataset()
    content.ValueType, content.TextValue = "TEXT", "Nodule. Seen by García."
    made = image(ContentSequence=Sequence([content]), EncapsulatedDocument=b"%PDF Garcia", PixelData=None)
    made.SpecificCharacterSet = "ISO_IR 192"
    cleaned = clean(to_bytes(made))
    assert read(cleaned).ContentSequence[0].TextValue == "Nodule. Seen by [NAME]."
    assert "encapsulated-document" in cleaned.flags and b"%PDF" not in cleaned.to_bytes()
    assert read(clean(to_bytes(made), Options())).ContentSequence[0].TextValue == "REMOVED"


def test_a_person_who_is_only_named_in_the_header_is_hidden_too() -> None:
    found = cleaned_image(
        person=Person(1, 5, {}),
        PatientName="Zimmerfrau^Ottilie",
        ReferringPhysicianName="Quackenbush^Al",
        StudyDescription="Thorax OTTILIE, for quackenbush",
    )
    assert found.StudyDescription == "Thorax [NAME], for [NAME]"
    assert found.PatientID == "1" and found.StudyDescription.startswith("Thorax")


def test_nothing_is_held_of_pixels() -> None:
    import tracemalloc

    made = to_bytes(image(PixelData=b"\0\0"))[:-6]
    size = 64 << 20

    class Sparse(io.RawIOBase):
        def __init__(self) -> None:
            self.at = 0
            self.head = made + size.to_bytes(4, "little")

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset + (0, self.at, len(self.head) + size)[whence]
            return self.at

        def readinto(self, buffer: Any) -> int:
            count = min(len(buffer), len(self.head) + size - self.at)
            piece = self.head[self.at : self.at + count]
            buffer[:count] = piece + bytes(count - len(piece))
            self.at += count
            return count

    clean(to_bytes(image()))
    tracemalloc.start()
    cleaned = FileCleaner(KEY, Profile.EXPERT, TODAY).clean(Sparse(), MARIA)  # type: ignore[arg-type]
    written = sum(len(chunk) for chunk in cleaned.chunks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written > size and peak < 16 << 20


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (b"\x10\x00\x10\x00PN\xf0\xff", "truncated-file"),
        (b"\x08\x00\x40\x11SQ\x00\x00\xf0\xff\xff\xff", "too-large"),
        (b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff", "truncated-file"),
        (b"\x20\x00\x00\x40LT\x00\x00", "no-uids"),
        (b"\x28\x00\x06\x30OW\x00\x00\xf0\xff\xff\xff", "truncated-file"),
        (b"\xe0\x7f\x10\x00OW\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xf0\xff\xff\xff", "truncated-file"),
        (
            (b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 5000),
            "nested-too-deep",
        ),
        (b"\xfe\xff\x0d\xe0\x00\x00\x00\x00", "no-uids"),
    ],
)
def test_lengths_that_lie_and_bombs_are_rejected_in_little_memory(tail: bytes, reason: str) -> None:
    import tracemalloc

    head = to_bytes(image(**dict.fromkeys(UIDS), PixelData=None))
    clean(to_bytes(image()))
    cleaner = FileCleaner(KEY, Profile.EXPERT, TODAY)
    tracemalloc.start()
    with pytest.raises(Rejected) as rejected:
        cleaner.clean(io.BytesIO(head + tail), None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rejected.value.reason == reason and peak < 16 << 20


def test_encapsulated_pixels_inside_of_an_item_stay_and_end_where_they_end() -> None:
    fragments = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x04\x00\x00\x00ABCD"
    pixels = b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff" + fragments + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    body = b"\xfe\xff\x00\xe0" + len(pixels).to_bytes(4, "little") + pixels
    placed = b"\x08\x00\x40\x11SQ\x00\x00" + len(body).to_bytes(4, "little") + body
    data = to_bytes(image(ReferencedImageSequence=[]))
    found = clean(data.replace(b"\x08\x00\x40\x11SQ\x00\x00\x00\x00\x00\x00", placed)).to_bytes()
    assert pixels in found


def test_a_sequence_that_does_not_add_up_goes_as_a_whole() -> None:
    data = to_bytes(image(ReferencedImageSequence=[]))
    body = b"\xfe\xff\x00\xe0\x20\x00\x00\x00" + b"\x10\x00\x10\x00PN\x20\x00GARCIA^M"
    broken = b"\x08\x00\x40\x11SQ\x00\x00" + len(body).to_bytes(4, "little") + body
    data = data.replace(b"\x08\x00\x40\x11SQ\x00\x00\x00\x00\x00\x00", broken)
    cleaned = clean(data)
    assert cleaned.flags == {"malformed-sequence"} and b"GARCIA" not in cleaned.to_bytes()
    assert read(cleaned).PixelData == bytes(range(16))
