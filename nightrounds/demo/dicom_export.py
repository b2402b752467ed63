"""The demo's image archive: DICOM files as they come off modalities, identifiers and all.

The one module of the generator that imports pydicom; the import contracts name it as an exception.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.errors import Fatal
from nightrounds.demo import phantoms
from nightrounds.demo.chart import INSTITUTIONS, Study, Visit, age_at
from nightrounds.demo.ledger import Ledger
from nightrounds.demo.people import upper_name

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SOURCE = "pacs"
_ROOT = "1.2.826.0.1.3680043.8.498."  # pydicom's root for made-up UIDs
_STORAGE = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
}
_INSTANCES = {"CT": 4, "CR": 2, "MR": 12, "US": 3}
"""Twelve slices of a head are enough for a face."""
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

SHIPPED = (
    # file in pydicom's wheel, PatientID ("" where it has none), fate
    ("CT_small", "1CT1", "accepted"), ("MR_small", "4MR1", "accepted"), ("MR_small_RLE", "4MR1", "accepted"),
    ("MR_small_jp2klossless", "4MR1", "accepted"), ("MR_small_bigendian", "4MR1", "accepted"),
    ("JPEG2000", "8NM1", "accepted"), ("JPGExtended", "8NM1", "accepted"),
    ("examples_overlay", "021234567", "accepted"), ("examples_palette", "11-05-25-142825", "accepted"),
    ("examples_rgb_color", "13US1", "accepted"), ("examples_ybr_color", "204", "accepted"),
    ("SC_rgb_jpeg_gdcm", "ID1", "accepted"), ("SC_rgb_rle", "ID1", "accepted"), ("rtplan", "id00001",
    "accepted"),
    ("rtdose", "id11111", "accepted"), ("rtstruct", "tPhantom30sep", "accepted"), ("test-SR", "", "accepted"),
    ("reportsi", "", "accepted"), ("waveform_ecg", "642341", "accepted"), ("liver_1frame", "99000",
    "accepted"),
    ("image_dfl", "", "accepted"), ("UN_sequence", "", "quarantined"),
)  # fmt: skip
"""Real DICOM files that come with pydicom, all under 1 MB. UN_sequence carries no UIDs."""

SHIPPED_IDENTIFIERS = (
    "CompressedSamples", "Lestrade", "Sssssss", "8000000000330109", "JANCT000", "03086212", "03028041970546",
    "tPhantom30sep", "021234567", "11-05-25-142825",
)  # fmt: skip
"""What in the shipped files' headers names a patient and is long enough to be looked for."""


def export_images(
    root: Path, visits: tuple[Visit, ...], seed: int, nights: int, ledger: Ledger
) -> dict[str, str]:
    """Write `night-N/pacs` under `root`; study instance UIDs by study key come back.

    Raises:
        Fatal: a file that should ship inside pydicom is not there.
    """
    uids = {}
    for visit in visits:
        if visit.study is None or visit.night > nights:
            continue
        uids[visit.study.key] = make_uid(seed, visit.study.key)
        folder = _folder(visit)
        for number in range(_INSTANCES[visit.study.modality]):
            dataset = _instance(visit, visit.study, number, seed)
            name = f"{folder}/IM{number + 1:04d}.dcm"
            _write(root / f"night-{visit.night}" / SOURCE / name, dataset)
            ledger.count(visit.night, SOURCE, "accepted", visit.study.modality)
            ledger.count_file(visit.night, SOURCE)
        _book_identifiers(visit, folder, ledger)
    first = {v.person.key: v for v in reversed(visits) if v.study is not None and v.night == 1}
    dirt = _Dirt(root / "night-1" / SOURCE, seed, ledger, first)
    _plant_images(dirt)
    _plant_files(dirt)
    _copy_shipped(root / "night-1" / SOURCE / "shipped", ledger)
    return uids


def make_uid(seed: int, *parts: object) -> str:
    """A UID that depends on the seed and the parts alone (at most 64 characters, PS3.5 section 9)."""
    text = ":".join(map(str, (seed, *parts)))
    return _ROOT + str(int.from_bytes(hashlib.sha256(text.encode()).digest()[:14], "big"))


def _folder(visit: Visit) -> str:
    """Half of the archive is filed by the patient's name and birth date, half by imaging id."""
    study = visit.study
    assert study is not None
    person = visit.person
    by_name = int(person.imaging_id[-1]) % 2 == 0 or person.is_a("hero")
    top = f"{upper_name(person)}_{person.birth.replace('-', '')}" if by_name else person.imaging_id
    return f"{top}/{study.start:%Y%m%d}_{study.accession}_{study.modality}_{study.body}"


def _book_identifiers(visit: Visit, folder: str, ledger: Ledger) -> None:
    kinds = ["phi_in_private_tags"]
    if not folder.startswith("RAD"):
        kinds.append("phi_in_file_name")
    if visit.study is not None and visit.study.modality == "US":
        kinds.append("phi_burned_into_pixels")
    if _names_in_description(visit):
        kinds.append("phi_in_study_description")
    for kind in kinds:
        ledger.plant(kind, visit.night, SOURCE, "accepted", folder, person=visit.person.key)


def _names_in_description(visit: Visit) -> bool:
    return visit.person.is_a("hero") or visit.person.key in ("samuel-goldberg", "kevin-tran", "omar-siddiqui")


def _instance(visit: Visit, study: Study, number: int, seed: int) -> Dataset:
    """One image with the header that a modality and a talkative archive give it."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    dataset = Dataset()
    _fill_patient(dataset, visit, study)
    _fill_study(dataset, visit, study, seed)
    dataset.SOPClassUID = _STORAGE[study.modality]
    dataset.SOPInstanceUID = make_uid(seed, study.key, "instance", number)
    dataset.InstanceNumber = number + 1
    _fill_private(dataset, visit)
    _fill_pixels(dataset, study, number, seed, visit)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
    return dataset


def _fill_patient(dataset: Dataset, visit: Visit, study: Study) -> None:
    person, registration = visit.person, visit.registration
    latin = person.is_a("accents") and study.modality == "US"
    dataset.SpecificCharacterSet = "ISO_IR 100" if latin else "ISO_IR 192"
    dataset.PatientName = f"{registration.family}^{person.given.replace(' ', '^')}"
    dataset.PatientID = person.imaging_id
    dataset.PatientBirthDate = person.birth.replace("-", "") if len(person.birth) == 10 else ""
    dataset.PatientSex = person.sex
    dataset.PatientAge = f"{age_at(person, study.start.date()):03d}Y"
    dataset.OtherPatientIDs = registration.mrn
    dataset.PatientAddress = f"{person.line}, {person.city}, {person.state} {person.postal_code}"
    dataset.PatientTelephoneNumbers = person.phone
    if registration.maiden:
        dataset.PatientBirthName = f"{registration.maiden}^{person.first}"
    dataset.PatientComments = f"{person.first} {registration.family}, MRN {registration.mrn}"
    dataset.AdditionalPatientHistory = visit.scene["complaint"]


def _fill_study(dataset: Dataset, visit: Visit, study: Study, seed: int) -> None:
    from pydicom.dataset import Dataset

    given, family = visit.clinician.split()
    dataset.StudyInstanceUID = make_uid(seed, study.key)
    dataset.SeriesInstanceUID = make_uid(seed, study.key, "series")
    dataset.FrameOfReferenceUID = make_uid(seed, study.key, "frame")
    dataset.StudyID, dataset.SeriesNumber = "1", 2
    dataset.AccessionNumber = study.accession
    for moment in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{moment}Date", f"{study.start:%Y%m%d}")
        setattr(dataset, f"{moment}Time", f"{study.start:%H%M%S}")
    dataset.Modality, dataset.BodyPartExamined = study.modality, study.body
    name = f" - {upper_name(visit.person, joint=' ')}" if _names_in_description(visit) else ""
    dataset.StudyDescription = study.exam + name
    dataset.SeriesDescription = study.exam.title()
    dataset.Manufacturer, dataset.ManufacturerModelName = "Demo Imaging", f"{study.modality}-1000"
    dataset.StationName = f"{study.modality}ROOM2"
    dataset.InstitutionName = INSTITUTIONS[visit.registration.authority]
    dataset.InstitutionAddress = "1 Hospital Drive, Worcester, MA"
    dataset.ReferringPhysicianName = dataset.RequestingPhysician = f"{family}^{given}^^Dr."
    request = Dataset()
    reason = f"{visit.person.first} {visit.person.family}: {visit.scene['complaint']}"[
        :64
    ]  # LO holds 64 characters
    request.RequestedProcedureID = study.accession[3:]
    request.ReasonForTheRequestedProcedure = reason
    dataset.RequestAttributesSequence = [request]


def _fill_private(dataset: Dataset, visit: Visit) -> None:
    """Private elements that repeat the patient, one of them inside a private sequence."""
    from pydicom.dataset import Dataset

    block = dataset.private_block(0x0011, "ELSEWHERE PACS 1.0", create=True)
    block.add_new(0x01, "LO", f"{visit.person.first} {visit.registration.family}")
    block.add_new(0x02, "SH", visit.registration.mrn)
    inner = Dataset()
    nested = inner.private_block(0x0011, "ELSEWHERE PACS 1.0", create=True)
    nested.add_new(0x03, "LO", visit.person.ssn)
    block.add_new(0x04, "SQ", [inner])


def _fill_pixels(dataset: Dataset, study: Study, number: int, seed: int, visit: Visit) -> None:
    look = int.from_bytes(hashlib.sha256(f"{seed}:{visit.person.key}".encode()).digest()[:4], "big")
    pixels = phantoms.draw(study.modality, study.body, number, look)
    if study.modality == "US":
        pixels = phantoms.burn_in(pixels.astype("uint8"), burned_lines(visit), "Gn 62  C4  FR 28 Hz  MI 0.9")
    bits = 8 if study.modality == "US" else 16
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored = bits, 12 if study.modality == "CR" else bits
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(study.modality == "CT")
    dataset.BurnedInAnnotation = "NO"  # what many ultrasound scanners say, whatever they draw
    if study.modality == "CT":
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.KVP = 0, 1, 120
    if study.modality == "MR":
        dataset.RepetitionTime, dataset.EchoTime, dataset.MagneticFieldStrength = 520, 12, 1.5
        dataset.ScanningSequence, dataset.SequenceVariant, dataset.MRAcquisitionType = "SE", "NONE", "2D"
    if study.modality in ("CT", "MR"):
        dataset.PixelSpacing, dataset.SliceThickness = [2.8, 2.8], 5
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [-180, -180, 5 * number]
    dataset.PixelData = pixels.tobytes()


def burned_lines(visit: Visit) -> tuple[str, ...]:
    """What an ultrasound scanner draws at the top of each image: name, number and birth date of the patient."""
    person, registration = visit.person, visit.registration
    day = person.birth if len(person.birth) == 4 else f"{date.fromisoformat(person.birth):%m/%d/%Y}"
    name = upper_name(replace(person, family=registration.family), joint=", ")
    return (f"{name}   MRN {registration.mrn}", f"DOB {day}   {INSTITUTIONS[registration.authority]}")


def _write(path: Path, dataset: Dataset) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


@dataclass
class _Dirt:
    """Where the first night's dirt is put and booked."""

    pacs: Path
    seed: int
    ledger: Ledger
    visits: dict[str, Visit]

    def image(self, key: str, number: int = 0) -> Dataset:
        """Instance `number` of a person's first examination, to be spoilt."""
        visit = self.visits[key]
        assert visit.study is not None
        return _instance(visit, visit.study, number, self.seed)

    def sound(self, key: str, name: str) -> bytes:
        """The bytes of a sound file of a person's first examination."""
        return (self.pacs / _folder(self.visits[key]) / name).read_bytes()

    def plant(self, kind: str, fate: str, name: str, modality: str = "?", **more: Any) -> Path:
        """Book a piece of dirt; the path to write it to comes back."""
        self.ledger.plant(kind, 1, SOURCE, fate, f"incoming/{name}", **more)
        self.ledger.count_file(1, SOURCE)
        if fate == "ignored":
            self.ledger.counts[1, SOURCE]["ignored"] += 1
        else:
            self.ledger.count(1, SOURCE, "accepted" if fate == "flagged" else fate, modality)
        path = self.pacs / "incoming" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _plant_images(dirt: _Dirt) -> None:
    """Images that are doubled, sent again with other content, nobody's, or without UIDs."""
    path = dirt.plant("same_file_twice", "merged", "copy of MAY_THERESA.dcm", "CT", person="theresa-may")
    path.write_bytes(dirt.sound("theresa-may", "IM0001.dcm"))
    other = dirt.image("samuel-goldberg", 1)
    other.SeriesDescription += " Reprocessed"
    other.SOPInstanceUID = dirt.image("samuel-goldberg").SOPInstanceUID
    other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID
    path = dirt.plant("same_uid_other_content", "flagged", "resent_0001.dcm", "CT", person="samuel-goldberg")
    _write(path, other)
    nameless = dirt.image("kevin-tran", 2)
    del nameless.PatientID
    nameless.SOPInstanceUID = make_uid(dirt.seed, "nameless")
    nameless.file_meta.MediaStorageSOPInstanceUID = nameless.SOPInstanceUID
    _write(dirt.plant("no_patient_id", "accepted", "unassigned.dcm", "CT", person="kevin-tran"), nameless)
    path = dirt.plant("no_uids", "quarantined", "lost_uids.dcm", person="hiroshi-tanaka")
    _write_without_uids(path, dirt.image("hiroshi-tanaka"))


def _plant_files(dirt: _Dirt) -> None:
    """A file cut short in its header, and two that are no DICOM at all."""
    path = dirt.plant("truncated_dicom", "quarantined", "cut_short.dcm", person="patricia-delacroix")
    path.write_bytes(dirt.sound("patricia-delacroix", "IM0002.dcm")[:420])
    text = b"Call Samuel Goldberg about his CT of the chest before Friday.\n"
    dirt.plant("text_file", "ignored", "README_Goldberg.txt").write_bytes(text)
    form = (
        b"%PDF-1.4\n1 0 obj << /Title (Consent of Grace Hope) >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
    )
    dirt.plant("pdf_file", "ignored", "consent_Hope_Grace.pdf").write_bytes(form)


def _write_without_uids(path: Path, dataset: Dataset) -> None:
    """A file whose exporter dropped every UID of the image: valid to the eye, of no study."""
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        delattr(dataset, name)
    del dataset.file_meta.MediaStorageSOPInstanceUID
    dataset.preamble = bytes(128)
    dataset.save_as(path, enforce_file_format=False)


def _copy_shipped(folder: Path, ledger: Ledger) -> None:
    from pydicom.data import get_testdata_file

    folder.mkdir(parents=True, exist_ok=True)
    for name, patient_id, fate in SHIPPED:
        found = get_testdata_file(f"{name}.dcm", download=False)
        if not isinstance(found, str):
            raise Fatal("a sample that ships inside pydicom is missing", "demo", "install the pinned pydicom")
        (folder / f"{name}.dcm").write_bytes(Path(found).read_bytes())
        ledger.count_file(1, SOURCE)
        ledger.count(1, SOURCE, fate, "shipped")
        if fate == "quarantined":
            ledger.plant("no_uids", 1, SOURCE, fate, f"shipped/{name}.dcm")
        elif not patient_id:
            ledger.plant("no_patient_id", 1, SOURCE, fate, f"shipped/{name}.dcm")


def shipped_identities() -> tuple[str, ...]:
    """PatientIDs of the shipped files: people of the archive whom no crosswalk knows."""
    return tuple(sorted({patient_id for _, patient_id, _ in SHIPPED if patient_id}))
