"""Synthetic studies: several patients, studies and series of small images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydicom.uid import UID, MRImageStorage

from tests.dicom_files import image

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

ROOT = "1.2.826.0.1.3680043.8.498.5"


def instance(
    patient: int, study: int, series: int, number: int, *, day: str = "20260227", modality: str = "MR"
) -> Dataset:
    """An image of 4 x 4 pixels, told from all others by its numbers."""
    where = f"{ROOT}.{patient}.{study}"
    made = image(
        SOPClassUID=MRImageStorage,
        PatientID=f"MRN-{patient:05d}",
        PatientName=f"Quillfeather{patient}^Zebediah",
        PatientBirthDate="19610423",
        StudyInstanceUID=where,
        SeriesInstanceUID=f"{where}.{series}",
        SOPInstanceUID=f"{where}.{series}.{number}",
        StudyDate=day,
        StudyTime="101500",
        AccessionNumber=f"ACC-{patient}-{study}",
        StudyID=str(study),
        SeriesNumber=str(series),
        InstanceNumber=str(number),
        Modality=modality,
        PixelData=bytes((patient * 7 + study * 5 + series * 3 + number + i) % 256 for i in range(16)),
    )
    made.file_meta.MediaStorageSOPClassUID = MRImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = UID(made.SOPInstanceUID)
    return made


def studies(patients: int = 5, each: int = 2, series: int = 5, images: int = 10) -> Iterator[Dataset]:
    """`patients * each * series * images` instances: 500 unless told otherwise, on two days."""
    for patient in range(1, patients + 1):
        for study in range(1, each + 1):
            for one in range(1, series + 1):
                for number in range(1, images + 1):
                    yield instance(patient, study, one, number, day=f"202602{26 + study % 2}")
