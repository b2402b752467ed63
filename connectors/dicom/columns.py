"""The typed columns of an instance: which attribute each one is read from, and how.

One table serves both readers, pydicom's data sets and plainly written headers, so that a column means one thing. Where
an enhanced image states an attribute in its functional groups (PS3.3 C.7.6.16), `groups` names the sequence there and
the attribute in it: what the frames share is taken first, else what the first frame states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from connectors.dicom.plain import PlainHeader
from connectors.dicom.values import (
    Header,
    code_of,
    codes_of,
    date_of,
    first_item,
    number_of,
    numbers_of,
    text_of,
    texts_of,
    uid_of,
    whole_of,
)

_MEMO_BYTES, _MEMO_VALUES = 128, 4096
SHARED_GROUPS, FRAME_GROUPS = 0x52009229, 0x52009230


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: as in `contracts.schemas.dicom.INSTANCE`.
        read: how the attribute is read.
        tags: the attributes that may state it, the first that does wins.
        within: the sequence of the top level whose first item states it; 0: the data set itself.
        groups: (functional group, attribute) pairs of enhanced images.
    """

    name: str
    read: Callable[[Header, int], Any]
    tags: tuple[int, ...]
    within: int = 0
    groups: tuple[tuple[int, int], ...] = ()


def _codes(header: Header, tag: int) -> list[str] | None:
    return codes_of(header, tag) or None


def _numbers(header: Header, tag: int) -> list[float] | None:
    return numbers_of(header, tag) or None


def _texts(header: Header, tag: int) -> list[str] | None:
    return texts_of(header, tag) or None


_MEASURES, _PLANE, _POSITION = 0x00289110, 0x00209116, 0x00209113
_ANATOMY, _REGION = 0x00209071, 0x00082218
_TIMING, _ECHO, _CT_RAY, _CT_DOSE = 0x00189112, 0x00189114, 0x00189325, 0x00189321
_WINDOW, _RESCALE, _RECONSTRUCTION = 0x00289132, 0x00289145, 0x00189314

COLUMNS: tuple[Column, ...] = (
    Column("sop_class_uid", uid_of, (0x00080016,)),
    Column("modality", code_of, (0x00080060,)),
    Column("study_date", date_of, (0x00080020,)),
    Column("series_date", date_of, (0x00080021,)),
    Column("acquisition_date", date_of, (0x00080022, 0x0008002A)),
    Column("study_description", text_of, (0x00081030,)),
    Column("series_description", text_of, (0x0008103E,)),
    Column("protocol_name", text_of, (0x00181030,)),
    Column("series_number", whole_of, (0x00200011,)),
    Column("acquisition_number", whole_of, (0x00200012,)),
    Column("instance_number", whole_of, (0x00200013,)),
    Column("temporal_position_identifier", whole_of, (0x00200100,)),
    Column("body_part_examined", code_of, (0x00180015,)),
    Column("body_part_code", text_of, (0x00080100,), within=_REGION),
    Column("body_part_code_scheme", text_of, (0x00080102,), within=_REGION),
    Column("body_part_code_meaning", text_of, (0x00080104,), within=_REGION),
    Column("laterality", code_of, (0x00200062, 0x00200060), groups=((_ANATOMY, 0x00209072),)),
    Column("patient_position", code_of, (0x00185100,)),
    Column("view_position", code_of, (0x00185101,)),
    Column("image_type", _codes, (0x00080008,)),
    Column("manufacturer", text_of, (0x00080070,)),
    Column("manufacturer_model_name", text_of, (0x00081090,)),
    Column("software_versions", _texts, (0x00181020,)),
    Column("photometric_interpretation", code_of, (0x00280004,)),
    Column("samples_per_pixel", whole_of, (0x00280002,)),
    Column("rows", whole_of, (0x00280010,)),
    Column("columns", whole_of, (0x00280011,)),
    Column("number_of_frames", whole_of, (0x00280008,)),
    Column("bits_allocated", whole_of, (0x00280100,)),
    Column("bits_stored", whole_of, (0x00280101,)),
    Column("pixel_representation", whole_of, (0x00280103,)),
    Column("pixel_spacing_mm", _numbers, (0x00280030,), groups=((_MEASURES, 0x00280030),)),
    Column("imager_pixel_spacing_mm", _numbers, (0x00181164,)),
    Column("slice_thickness_mm", number_of, (0x00180050,), groups=((_MEASURES, 0x00180050),)),
    Column("spacing_between_slices_mm", number_of, (0x00180088,), groups=((_MEASURES, 0x00180088),)),
    Column("slice_location_mm", number_of, (0x00201041,)),
    Column("image_position_patient_mm", _numbers, (0x00200032,), groups=((_POSITION, 0x00200032),)),
    Column("image_orientation_patient", _numbers, (0x00200037,), groups=((_PLANE, 0x00200037),)),
    Column("frame_of_reference_uid", uid_of, (0x00200052,)),
    Column("window_center", _numbers, (0x00281050,), groups=((_WINDOW, 0x00281050),)),
    Column("window_width", _numbers, (0x00281051,), groups=((_WINDOW, 0x00281051),)),
    Column("rescale_intercept", number_of, (0x00281052,), groups=((_RESCALE, 0x00281052),)),
    Column("rescale_slope", number_of, (0x00281053,), groups=((_RESCALE, 0x00281053),)),
    Column("rescale_type", text_of, (0x00281054,), groups=((_RESCALE, 0x00281054),)),
    Column("kvp_kv", number_of, (0x00180060,), groups=((_CT_RAY, 0x00180060),)),
    Column("exposure_time_ms", number_of, (0x00181150,), groups=((_CT_DOSE, 0x00189328),)),
    Column("x_ray_tube_current_ma", number_of, (0x00181151,), groups=((_CT_DOSE, 0x00189330),)),
    Column("exposure_mas", number_of, (0x00181152,), groups=((_CT_DOSE, 0x00189332),)),
    Column("ctdi_vol_mgy", number_of, (0x00189345,), groups=((_CT_DOSE, 0x00189345),)),
    Column("dose_area_product_dgy_cm2", number_of, (0x0018115E,)),
    Column("convolution_kernel", text_of, (0x00181210,), groups=((_RECONSTRUCTION, 0x00181210),)),
    Column("repetition_time_ms", number_of, (0x00180080,), groups=((_TIMING, 0x00180080),)),
    Column("echo_time_ms", number_of, (0x00180081,), groups=((_ECHO, 0x00189082),)),
    Column("inversion_time_ms", number_of, (0x00180082,)),
    Column("flip_angle_deg", number_of, (0x00181314,), groups=((_TIMING, 0x00181314),)),
    Column("magnetic_field_strength_t", number_of, (0x00180087,)),
    Column("contrast_bolus_agent", text_of, (0x00180010,)),
    Column("burned_in_annotation", code_of, (0x00280301,)),
    Column("recognizable_visual_features", code_of, (0x00280302,)),
    Column("lossy_image_compression", code_of, (0x00282110,)),
    Column("lossy_image_compression_ratio", _numbers, (0x00282112,)),
)
MOMENTS = {
    "study_datetime": (0x00080020, 0x00080030),
    "series_datetime": (0x00080021, 0x00080031),
    "acquisition_datetime": (0x00080022, 0x00080032),
}
"""Columns of date and time of day, by the two attributes; the acquisition may state both in one (0008,002A)."""
ACQUISITION_DATETIME = 0x0008002A

_TEXT = frozenset({"LO", "SH", "ST", "LT", "UT", "UC"})
_VRS: dict[Any, frozenset[str]] = {
    code_of: frozenset({"CS"}),
    _codes: frozenset({"CS"}),
    date_of: frozenset({"DA", "DT"}),
    text_of: _TEXT,
    _texts: _TEXT,
    uid_of: frozenset({"UI"}),
    whole_of: frozenset({"IS", "US", "UL"}),
    number_of: frozenset({"DS", "FD", "FL", "IS"}),
    _numbers: frozenset({"DS", "FD", "FL", "IS"}),
}
_SEQUENCE: frozenset[str] = frozenset({"SQ"})


def wanted_elements() -> Mapping[int, frozenset[str]]:
    """By tag, the VRs in which the columns' attributes are plainly written."""
    found = {tag: _VRS[column.read] for column in COLUMNS for tag in column.tags}
    found |= {column.within: _SEQUENCE for column in COLUMNS if column.within}
    return found | {time: frozenset({"TM"}) for _, time in MOMENTS.values()}


def read_columns(header: Header) -> dict[str, Any]:
    """The columns of a header."""
    if isinstance(header, PlainHeader):
        return _read_plainly(header)
    found = {column.name: _read(header, column) for column in COLUMNS}
    shared = first_item(header, SHARED_GROUPS)
    frame = first_item(header, FRAME_GROUPS)
    if shared is not None or frame is not None:
        for column in COLUMNS:
            if column.groups and found[column.name] is None:
                found[column.name] = _read_group((shared, frame), column)
    return found


def _read_plainly(header: PlainHeader) -> dict[str, Any]:
    """The columns of a header without functional groups; most values were seen in another slice of the series."""
    memos, raw, found = _memos_of(header.encoding), header.raw, dict[str, Any]()
    for column, memo in zip(COLUMNS, memos, strict=True):
        value = None
        if column.within:
            value = _read(header, column)
        else:
            for tag in column.tags:
                element = raw.get(tag)
                if element is None:
                    continue
                value = memo.get(element, memo)
                if value is memo:
                    value = column.read(header, tag)
                    if len(element[1]) <= _MEMO_BYTES:
                        if len(memo) >= _MEMO_VALUES:
                            memo.clear()
                        memo[element] = value
                if value is not None:
                    break
        found[column.name] = value
    return found


@lru_cache(maxsize=32)
def _memos_of(_encoding: str) -> list[dict[Any, Any]]:
    """For each column, what elements' bytes came to."""
    return [{} for _ in COLUMNS]


def _read(header: Header, column: Column) -> Any:
    if column.within:
        item = first_item(header, column.within)
        return None if item is None else column.read(item, column.tags[0])
    for tag in column.tags:
        value = column.read(header, tag)
        if value is not None:
            return value
    return None


def _read_group(places: tuple[Header | None, ...], column: Column) -> Any:
    for place in places:
        for group, tag in column.groups:
            item = first_item(place, group) if place is not None else None
            value = column.read(item, tag) if item is not None else None
            if value is not None:
                return value
    return None
