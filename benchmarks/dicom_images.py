"""An archive of invented CT slices: 512 x 512 pixels, 120 elements, private tags, sequences.

A series is written once by pydicom; its slices are that file with UIDs, numbers and positions put in the places of
equally long ones. Pixels are zeros that take no room on the disk.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

SLICES = 30
"""Slices a series; a series is a study."""
SIDE = 512
_CT = "1.2.840.10008.5.1.4.1.1.2"
_ROOT = "1.2.826.0.1.3680043.8.498."  # for invented UIDs
_SOP, _NUMBER, _POSITION, _LOCATION = "3.900000001", "970007", "-980008.25", "990009.25"


def write_archive(folder: Path, count: int) -> None:
    """`count` slices, each a file of its own, in one folder for each series."""
    for series in range(-(-count // SLICES)):
        place = folder / f"series-{series:05d}"
        place.mkdir(parents=True)
        whole = _series_bytes(series)
        for slice_ in range(min(SLICES, count - series * SLICES)):
            data = _slice_bytes(whole, series * SLICES + slice_, slice_)
            with (place / f"{slice_:04d}.dcm").open("wb") as file:
                file.write(data)
                os.ftruncate(file.fileno(), len(data) + SIDE * SIDE * 2)


def _slice_bytes(whole: bytes, number: int, slice_: int) -> bytes:
    for placeholder, value in (
        (_SOP, f"3.{800_000_000 + number}"),
        (_NUMBER, f"{slice_ + 1:<6d}"),
        (_POSITION, f"{-200 + 2.5 * slice_:<10.2f}"),
        (_LOCATION, f"{-200 + 2.5 * slice_:<9.2f}"),
    ):
        whole = whole.replace(placeholder.encode(), value.encode())
    return whole


def _series_bytes(series: int) -> bytes:
    """The file of a slice up to its pixels."""
    from pydicom.filewriter import dcmwrite

    data = io.BytesIO()
    image = _series(series)
    image.PixelData = bytes(SIDE * SIDE * 2)
    image["PixelData"].VR = "OW"
    dcmwrite(data, image, enforce_file_format=True)
    return data.getvalue()[: -SIDE * SIDE * 2]


def _series(series: int) -> Any:
    from pydicom.dataset import Dataset, FileMetaDataset

    image: Any = Dataset()
    for name, value in {**_IMAGE, **_whose(series)}.items():
        setattr(image, name, value)
    image.SOPInstanceUID = f"{_ROOT}{_SOP}"
    image.InstanceNumber, image.SliceLocation = _NUMBER, _LOCATION
    image.ImagePositionPatient = ["-180.5", "-166.0", _POSITION]
    _add_sequences(image, series)
    for creator, group in (
        ("SIEMENS CT VA0  COAD", 0x0019),
        ("SIEMENS MED", 0x0021),
        ("GEMS_PARM_01", 0x0043),
    ):
        block = image.private_block(group, creator, create=True)
        for element in range(3):
            block.add_new(element, "DS", f"{element}.25")
            block.add_new(0x40 + element, "LO", f"value {element}")
        block.add_new(0x80, "OB", bytes(range(64)))
        block.add_new(0x81, "US", [1, 2, 3])
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID, image.file_meta.MediaStorageSOPInstanceUID = (
        _CT,
        image.SOPInstanceUID,
    )
    image.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    image.file_meta.ImplementationClassUID = f"{_ROOT}1"
    return image


def _whose(series: int) -> dict[str, Any]:
    return {
        "PatientID": f"P{series // 2:07d}",
        "PatientName": f"INVENTED{series // 2}^PERSON",
        "PatientBirthDate": f"19{30 + series // 2 % 60}0401",
        "AccessionNumber": f"A{series:09d}",
        "StudyID": f"S{series}",
        "StudyInstanceUID": f"{_ROOT}1.{series + 1}",
        "SeriesInstanceUID": f"{_ROOT}2.{series + 1}",
        "FrameOfReferenceUID": f"{_ROOT}4.{series + 1}",
        "StudyDate": f"20200{1 + series % 9}15",
    }


def _add_sequences(image: Any, series: int) -> None:
    from pydicom.dataset import Dataset

    def coded(value: str, scheme: str, meaning: str) -> Dataset:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
        return code

    image.ProcedureCodeSequence = [coded("24627-2", "LN", "CT Chest")]
    image.AnatomicRegionSequence = [coded("51185008", "SCT", "Chest")]
    image.RequestedProcedureCodeSequence = [coded("24627-2", "LN", "CT Chest")]
    image.ReferencedImageSequence = []
    for number in range(3):
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = (
            _CT,
            f"{_ROOT}5.{series}.{number}",
        )
        image.ReferencedImageSequence.append(reference)
    request = Dataset()
    request.RequestedProcedureDescription = "CT of the chest with contrast"
    request.ScheduledProcedureStepDescription = "Chest"
    request.RequestedProcedureID, request.ScheduledProcedureStepID = f"R{series}", f"S{series}"
    request.ScheduledProtocolCodeSequence = [coded("24627-2", "LN", "CT Chest")]
    image.RequestAttributesSequence = [request]


_IMAGE: dict[str, Any] = {
    "SpecificCharacterSet": "ISO_IR 100",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "InstanceCreationDate": "20200315",
    "InstanceCreationTime": "101502.123",
    "SOPClassUID": _CT,
    "SeriesDate": "20200315",
    "AcquisitionDate": "20200315",
    "ContentDate": "20200315",
    "StudyTime": "101000.0",
    "SeriesTime": "101400.0",
    "AcquisitionTime": "101500.5",
    "ContentTime": "101501.25",
    "Modality": "CT",
    "Manufacturer": "Invented Imaging",
    "InstitutionName": "Invented Hospital",
    "InstitutionAddress": "1 Invented Street",
    "ReferringPhysicianName": "REFERRER^INVENTED",
    "StationName": "CT01",
    "StudyDescription": "CT chest with contrast",
    "SeriesDescription": "Chest 2.5 mm soft tissue",
    "InstitutionalDepartmentName": "Radiology",
    "PerformingPhysicianName": "PERFORMER^INVENTED",
    "OperatorsName": "OPERATOR^INVENTED",
    "ManufacturerModelName": "Scanner 64",
    "PatientSex": "F",
    "PatientAge": "060Y",
    "PatientSize": "1.68",
    "PatientWeight": "71",
    "ContrastBolusAgent": "Iodine 350",
    "BodyPartExamined": "CHEST",
    "ScanOptions": "HELICAL MODE",
    "SliceThickness": "2.5",
    "KVP": "120",
    "DataCollectionDiameter": "500",
    "DeviceSerialNumber": "123456",
    "SoftwareVersions": ["syngo CT 2012B", "VA44A"],
    "ProtocolName": "Chest routine",
    "ContrastBolusRoute": "IV",
    "ContrastBolusVolume": "80",
    "ReconstructionDiameter": "360",
    "DistanceSourceToDetector": "1040",
    "DistanceSourceToPatient": "570",
    "GantryDetectorTilt": "0",
    "TableHeight": "150",
    "RotationDirection": "CW",
    "ExposureTime": "500",
    "XRayTubeCurrent": "220",
    "Exposure": "110",
    "FilterType": "BODY FILTER",
    "GeneratorPower": "26400",
    "FocalSpots": "1.2",
    "ConvolutionKernel": "B30f",
    "PatientPosition": "HFS",
    "RevolutionTime": 0.5,
    "SingleCollimationWidth": 1.2,
    "TotalCollimationWidth": 28.8,
    "TableSpeed": 57.6,
    "TableFeedPerRotation": 28.8,
    "SpiralPitchFactor": 1.0,
    "CTDIvol": 7.5,
    "SeriesNumber": "3",
    "AcquisitionNumber": "1",
    "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
    "PositionReferenceIndicator": "SN",
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "Rows": SIDE,
    "Columns": SIDE,
    "PixelSpacing": ["0.703125", "0.703125"],
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "SmallestImagePixelValue": 0,
    "LargestImagePixelValue": 4095,
    "BurnedInAnnotation": "NO",
    "WindowCenter": ["40", "-600"],
    "WindowWidth": ["400", "1600"],
    "RescaleIntercept": "-1024",
    "RescaleSlope": "1",
    "RescaleType": "HU",
    "WindowCenterWidthExplanation": ["SOFT", "LUNG"],
    "LossyImageCompression": "00",
    "RequestedProcedureDescription": "CT of the chest",
    "PerformedProcedureStepStartDate": "20200315",
    "PerformedProcedureStepStartTime": "101000",
    "PerformedProcedureStepID": "PPS1",
    "PerformedProcedureStepDescription": "CT chest with contrast",
}
