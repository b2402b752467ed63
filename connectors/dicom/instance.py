"""The row of one instance, made of its header; and whether its pixels are all there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.dicom.dataset import is_metadata, load_elements, survey_elements
from connectors.dicom.identities import ISSUER, subject_of
from connectors.dicom.model import dump_header
from connectors.dicom.recognise import NATIVE
from connectors.dicom.values import (
    code_of,
    codes_of,
    date_of,
    moment_of,
    number_of,
    numbers_of,
    text_of,
    uid_of,
    value_of,
    whole_of,
)
from contracts.errors import Rejected

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from connectors.dicom.recognise import Opening
    from connectors.dicom.walk import Element
    from contracts.protocols import Reading

SEPARATOR = "\x1f"
UIDS = {"sop_instance_uid": 0x00080018, "series_instance_uid": 0x0020000E, "study_instance_uid": 0x0020000D}
DIRECTORY_RECORDS = 0x00041220
_SHARED_GROUPS, _PIXEL_MEASURES, _PLANE_ORIENTATION = 0x52009229, 0x00289110, 0x00209116
_SOP_CLASS, _ROWS = 0x00080016, 0x00280010
_SUBSAMPLED = {"YBR_FULL_422": (2, 3), "YBR_PARTIAL_422": (2, 3), "YBR_PARTIAL_420": (1, 2)}
"""Share of the samples that a native image of subsampled chroma holds (PS3.3 C.7.6.3.1.2)."""


def read_instance(reading: Reading, opening: Opening) -> dict[str, Any] | None:
    """The row of `dicom.instance`; None where the file is a directory of a medium and no instance.

    Raises:
        Rejected: `truncated-file`, `no-uids`, `nested-too-deep`, `unreadable`, `too-many-elements`, `too-large`.
    """
    survey = survey_elements(reading.place, opening)
    if any(element.tag == DIRECTORY_RECORDS for element in survey.elements):
        return None
    dataset = load_elements(reading.place, opening, survey.elements, is_metadata)
    require_pixels(dataset, survey.pixels, opening)
    uids = {name: uid_of(dataset, tag) for name, tag in UIDS.items()}
    if uids["sop_instance_uid"] is None:
        missing = ", ".join(f"{UIDS[name]:08X}" for name, uid in uids.items() if uid is None)
        raise Rejected("no-uids", f"tag {missing}", "a SOP Instance UID at least")
    return {
        "_record": 0,
        **_keys(reading, dataset, uids),
        "transfer_syntax_uid": opening.transfer_syntax or None,
        **_describe_study(dataset),
        **_describe_image(dataset),
        **_describe_acquisition(dataset),
        "has_pixels": survey.pixels is not None,
        "header": dump_header(dataset),
        "size_bytes": reading.place.size,
    }


def require_pixels(dataset: Dataset, pixels: Element | None, opening: Opening) -> None:
    """Raise `truncated-file` where native pixels are fewer than the header declares.

    Encapsulated pixels end with their delimiter, which the walk over the file has demanded already. An image without
    pixels is taken for a header sent alone if it says how large the image is, else for a file cut before that.
    """
    if pixels is None:
        if _is_image(dataset) and whole_of(dataset, _ROWS) is None:
            raise Rejected("truncated-file", f"tag {_ROWS:08X}", "the size of the image, and its pixels")
        return
    if opening.transfer_syntax not in NATIVE or pixels.length < 0:
        return
    sizes = [whole_of(dataset, tag) for tag in (_ROWS, 0x00280011, 0x00280100)]
    samples, frames = whole_of(dataset, 0x00280002) or 1, whole_of(dataset, 0x00280008) or 1
    bits = samples * frames
    for size in sizes:
        bits *= size or 0
    share, whole = _SUBSAMPLED.get(code_of(dataset, 0x00280004) or "", (1, 1))
    if pixels.length < -(-bits * share // (8 * whole)):
        raise Rejected("truncated-file", f"tag {pixels.tag:08X}", "as many pixels as the header declares")


def _is_image(dataset: Dataset) -> bool:
    from pydicom.uid import UID

    return UID(uid_of(dataset, _SOP_CLASS) or "").name.endswith("Image Storage")


def _keys(reading: Reading, dataset: Dataset, uids: dict[str, str | None]) -> dict[str, Any]:
    """Ids, and what they are made of. A study is one for each patient, whatever number of files tells of it.

    An image that names no series or no study is alone in one, named after the image.
    """
    sop, digest = str(uids["sop_instance_uid"]), reading.unit.digest
    subject = subject_of(dataset, reading.authority)
    of_patient = SEPARATOR + subject if subject else ""
    accession = text_of(dataset, 0x00080050)
    authority = text_of(dataset, ISSUER) or reading.authority
    return {
        "_digest": reading.key.id63("dicom-instance", sop, digest),
        "subject": subject,
        "instance_key": sop + SEPARATOR + digest,
        "series_key": (uids["series_instance_uid"] or sop) + of_patient,
        "study_key": (uids["study_instance_uid"] or sop) + of_patient,
        **uids,
        "sop_class_uid": uid_of(dataset, _SOP_CLASS),
        "accession": authority + SEPARATOR + accession if accession else None,
    }


def _describe_study(dataset: Dataset) -> dict[str, Any]:
    return {
        "modality": code_of(dataset, 0x00080060),
        "study_date": date_of(dataset, 0x00080020),
        "study_datetime": moment_of(dataset, 0x00080020, 0x00080030),
        "series_number": whole_of(dataset, 0x00200011),
        "instance_number": whole_of(dataset, 0x00200013),
        "body_part_examined": code_of(dataset, 0x00180015),
        "laterality": code_of(dataset, 0x00200062) or code_of(dataset, 0x00200060),
        "manufacturer": text_of(dataset, 0x00080070),
        "manufacturer_model_name": text_of(dataset, 0x00081090),
    }


def _describe_image(dataset: Dataset) -> dict[str, Any]:
    return {
        "image_type": codes_of(dataset, 0x00080008) or None,
        "photometric_interpretation": code_of(dataset, 0x00280004),
        "samples_per_pixel": whole_of(dataset, 0x00280002),
        "rows": whole_of(dataset, _ROWS),
        "columns": whole_of(dataset, 0x00280011),
        "number_of_frames": whole_of(dataset, 0x00280008),
        "bits_allocated": whole_of(dataset, 0x00280100),
        "bits_stored": whole_of(dataset, 0x00280101),
        "burned_in_annotation": code_of(dataset, 0x00280301),
    }


def _describe_acquisition(dataset: Dataset) -> dict[str, Any]:
    """Geometry and technique; enhanced images state the geometry once for all frames (PS3.3 C.7.6.16)."""
    shared = _first_item(dataset, _SHARED_GROUPS)
    measures = _first_item(shared, _PIXEL_MEASURES)
    orientation = _first_item(shared, _PLANE_ORIENTATION)
    thicknesses = numbers_of(dataset, 0x00180050) or _numbers(measures, 0x00180050)
    return {
        "pixel_spacing_mm": numbers_of(dataset, 0x00280030) or _numbers(measures, 0x00280030),
        "slice_thickness_mm": thicknesses[0] if thicknesses else None,
        "image_position_patient_mm": numbers_of(dataset, 0x00200032) or None,
        "image_orientation_patient": numbers_of(dataset, 0x00200037) or _numbers(orientation, 0x00200037),
        "kvp_kv": number_of(dataset, 0x00180060),
        "repetition_time_ms": number_of(dataset, 0x00180080),
        "echo_time_ms": number_of(dataset, 0x00180081),
    }


def _first_item(dataset: Dataset | None, tag: int) -> Dataset | None:
    from pydicom.sequence import Sequence

    items = value_of(dataset, tag) if dataset is not None else None
    first: Dataset | None = items[0] if isinstance(items, Sequence) and len(items) else None
    return first


def _numbers(dataset: Dataset | None, tag: int) -> list[float] | None:
    return (numbers_of(dataset, tag) or None) if dataset is not None else None
