"""Instances that refer to others: segmentation, structure set, report, presentation state, key objects, a directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

from tests.dicom_files import image
from tests.imaging.pictures import CT, save

SEG, RTSTRUCT = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.3"
SR, KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.88.59"
PR = "1.2.840.10008.5.1.4.1.1.11.1"
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
_ROOT = "1.2.826.79"


def made(**elements: Any) -> Dataset:
    """A data set of these elements."""
    dataset = Dataset()
    for name, value in elements.items():
        setattr(
            dataset, name, Items(value) if isinstance(value, list) and name.endswith("Sequence") else value
        )
    return dataset


def slices(study: int, count: int = 2) -> list[Dataset]:
    """CT images of one series; `study` tells their UIDs apart."""
    return [
        image(
            **_own(study, 1, number),
            SOPClassUID=CT,
            Modality="CT",
            BodyPartExamined="CHEST",
            FrameOfReferenceUID=f"{_ROOT}.{study}.9",
            ImagePositionPatient=[0, 0, number],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=[1, 1],
            PixelData=bytes((16 * study + number + i) % 256 for i in range(16)),
        )
        for number in range(1, count + 1)
    ]


def referring(images: Sequence[Dataset], study: int) -> list[Dataset]:
    """One instance of each kind that refers to the images, all in the images' study."""
    return [
        _segmentation(images, study),
        _structures(images, study),
        _report(images, study),
        _presentation(images, study),
        _key_objects(images, study),
    ]


def _own(study: int, series: int, number: int) -> dict[str, Any]:
    return {
        "StudyInstanceUID": f"{_ROOT}.{study}",
        "SeriesInstanceUID": f"{_ROOT}.{study}.{series}",
        "SOPInstanceUID": f"{_ROOT}.{study}.{series}.{number}",
        "InstanceNumber": number,
        "SeriesNumber": series,
        "StudyID": str(study),
    }


def _without_pixels(study: int, series: int, **elements: Any) -> Dataset:
    gone = ("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated", "BitsStored")
    none = dict.fromkeys((*gone, "HighBit", "PixelRepresentation", "PixelData"))
    plain = {k: Items(v) if isinstance(v, list) else v for k, v in elements.items()}
    return image(**(none | _own(study, series, 1) | plain))


def _named(one: Dataset) -> Dataset:
    return made(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID)


def _in_series(images: Sequence[Dataset], items: str) -> Dataset:
    return made(SeriesInstanceUID=images[0].SeriesInstanceUID, **{items: [_named(one) for one in images]})


def _segmentation(images: Sequence[Dataset], study: int) -> Dataset:
    frames = [
        made(
            DerivationImageSequence=[made(SourceImageSequence=[_named(one)])],
            FrameContentSequence=[made(DimensionIndexValues=[number])],
        )
        for number, one in enumerate(images, 1)
    ]
    segment = made(SegmentNumber=1, SegmentLabel="Lung", TrackingID="1", TrackingUID=f"{_ROOT}.{study}.77")
    return image(
        **_own(study, 2, 1),
        SOPClassUID=SEG,
        Modality="SEG",
        FrameOfReferenceUID=images[0].FrameOfReferenceUID,
        NumberOfFrames=len(images),
        PixelData=bytes(16 * len(images)),
        ReferencedSeriesSequence=Items([_in_series(images, "ReferencedInstanceSequence")]),
        SegmentSequence=Items([segment]),
        PerFrameFunctionalGroupsSequence=Items(frames),
    )


def _structures(images: Sequence[Dataset], study: int) -> Dataset:
    """The study is referred to by its Study Instance UID in Referenced SOP Instance UID (PS3.3 C.8.8.5)."""
    frame = images[0].FrameOfReferenceUID
    of_study = made(
        ReferencedSOPClassUID=_STUDY_CLASS,
        ReferencedSOPInstanceUID=images[0].StudyInstanceUID,
        RTReferencedSeriesSequence=[_in_series(images, "ContourImageSequence")],
    )
    contours = [
        made(ContourImageSequence=[_named(one)], ContourGeometricType="POINT", ContourData=[0, 0, 1])
        for one in images
    ]
    return _without_pixels(
        study,
        3,
        SOPClassUID=RTSTRUCT,
        Modality="RTSTRUCT",
        ReferencedFrameOfReferenceSequence=[
            made(FrameOfReferenceUID=frame, RTReferencedStudySequence=[of_study])
        ],
        StructureSetROISequence=[made(ROINumber=1, ReferencedFrameOfReferenceUID=frame, ROIName="Lung")],
        ROIContourSequence=[made(ReferencedROINumber=1, ContourSequence=contours)],
    )


def _evidence(images: Sequence[Dataset]) -> Dataset:
    return made(
        StudyInstanceUID=images[0].StudyInstanceUID,
        ReferencedSeriesSequence=[_in_series(images, "ReferencedSOPSequence")],
    )


def _concept(value: str, meaning: str) -> list[Dataset]:
    return [made(CodeValue=value, CodingSchemeDesignator="DCM", CodeMeaning=meaning)]


def _report(images: Sequence[Dataset], study: int) -> Dataset:
    """A measurement inferred from an image, two levels deep, tracked by the segment's own UID."""
    selected = [
        made(RelationshipType="SELECTED FROM", ValueType="IMAGE", ReferencedSOPSequence=[_named(one)])
        for one in images
    ]
    tracked = made(
        RelationshipType="HAS OBS CONTEXT",
        ValueType="UIDREF",
        ConceptNameCodeSequence=_concept("112040", "Tracking Unique Identifier"),
        UID=f"{_ROOT}.{study}.77",
    )
    point = made(
        RelationshipType="INFERRED FROM", ValueType="SCOORD", GraphicType="POINT", ContentSequence=selected
    )
    return _without_pixels(
        study,
        4,
        SOPClassUID=SR,
        Modality="SR",
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
        ConceptNameCodeSequence=_concept("126000", "Imaging Measurement Report"),
        CurrentRequestedProcedureEvidenceSequence=[_evidence(images)],
        ContentSequence=[tracked, point],
    )


def _presentation(images: Sequence[Dataset], study: int) -> Dataset:
    area = made(
        ReferencedImageSequence=[_named(one) for one in images],
        DisplayedAreaTopLeftHandCorner=[1, 1],
        DisplayedAreaBottomRightHandCorner=[4, 4],
    )
    return _without_pixels(
        study,
        5,
        SOPClassUID=PR,
        Modality="PR",
        ContentLabel="LUNG",
        ReferencedSeriesSequence=[_in_series(images, "ReferencedImageSequence")],
        DisplayedAreaSelectionSequence=[area],
    )


def _key_objects(images: Sequence[Dataset], study: int) -> Dataset:
    return _without_pixels(
        study,
        6,
        SOPClassUID=KEY_OBJECTS,
        Modality="KO",
        ValueType="CONTAINER",
        ConceptNameCodeSequence=_concept("113000", "Of Interest"),
        CurrentRequestedProcedureEvidenceSequence=[_evidence(images)],
        ContentSequence=[
            made(RelationshipType="CONTAINS", ValueType="IMAGE", ReferencedSOPSequence=[_named(images[0])])
        ],
    )


def write_all(folder: Path, datasets: Sequence[Dataset]) -> None:
    """Write them, under names that tell nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, dataset in enumerate(datasets):
        save(folder / f"{number}.dcm", dataset)


def write_directory(folder: Path, datasets: Sequence[Dataset]) -> Path:
    """A DICOMDIR of the instances, and they beside it, as pydicom writes a medium; returns the DICOMDIR."""
    medium = FileSet()
    for dataset in datasets:
        dataset.file_meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
        dataset.file_meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
        medium.add(dataset)
    medium.write(folder)
    return folder / "DICOMDIR"


def references(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Keyword and value of each UID that is no class and no scheme, in the order of the file."""
    for element in dataset.iterall():
        if element.VR == "UI" and not element.keyword.endswith(("ClassUID", "SchemeUID")):
            yield element.keyword, str(element.value)
