"""Small DICOM files made for tests, and how a test reads them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from connectors.dicom import DicomConnector
from contracts.keys import Key
from contracts.protocols import Reading
from contracts.units import WHOLE, Source, Unit
from stores.places import LocalPlace
from tests.accounts import accounted

KEY = Key("test", bytes(range(32)))
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
UIDS = {"SOPInstanceUID": "1.2.3.1", "SeriesInstanceUID": "1.2.3.2", "StudyInstanceUID": "1.2.3.3"}


def image(**elements: Any) -> Dataset:
    """A grey image of 4 x 4 pixels, 0 to 15; `elements` are set last, those with the value None removed."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = UID(SECONDARY_CAPTURE)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(UIDS["SOPInstanceUID"])
    made = {
        "SOPClassUID": SECONDARY_CAPTURE,
        **UIDS,
        "PatientID": "4711",
        "PatientName": "Doe^Jane",
        "Modality": "OT",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": 4,
        "Columns": 4,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "PixelData": bytes(range(16)),
        **elements,
    }
    for name, value in made.items():
        if value is not None:
            setattr(dataset, name, value)
    if "PixelData" in dataset:
        dataset["PixelData"].VR = "OB"
    return dataset


def write(path: Path, dataset: Dataset | None = None) -> Path:
    """Write an image, `image()` by default, as a DICOM file."""
    dataset = image() if dataset is None else dataset
    dataset.save_as(path, enforce_file_format=True)
    return path


def reading(path: Path, authority: str = "radiology") -> Reading:
    """The file as a unit of a source."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source = Source("pacs", "dicom", str(path.parent), authority=authority)
    return Reading(Unit("pacs/0123", "pacs", "dicom", digest), source, LocalPlace(path, "pacs"), KEY)


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """The table and the one row that the connector gives for a file."""
    found = list(accounted(DicomConnector().read(reading(path), WHOLE)))
    assert len(found) == 1
    table, batch = found[0]
    batch.validate(full=True)
    (row,) = batch.to_pylist()
    assert row["_record"] == 0
    return table, row


def read_fate(path: Path) -> str:
    """`indexed`, or the reason or type under which a file is rejected or ignored."""
    table, row = read(path)
    return "indexed" if table == "dicom.instance" else str(row["reason" if table == "rejected" else "type"])
