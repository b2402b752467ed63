"""What the DICOM connector emits: one row an instance, and what may leave of it.

Columns follow attributes of PS3.3 (numbers in brackets are tags) and PS3.15 Table E.1-1 in what is done with them;
the whole header goes beside them through the Basic Profile. Dates and date-times are ISO strings, in local wall time.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

_S, _I, _F = pa.string(), pa.int32(), pa.float64()
_CODE = "a code string (VR CS), which PS3.15 E.1-1 does not list; people type names into some"
_NUMBER = "a number about the image; PS3.15 E.1-1 does not list it"
_UID = "PS3.15 E.1-1: U"
_FREE = "written by people, so it may name them"
_DAY, _TIME = "shifted, or cut to the year", "shifted, or left out"
_TERM = "a terminology's code, system or words"
_CLASS = "UIDs of the standard stay, private ones are replaced"


def _id(name: str, space: str, output: str, reason: str) -> pa.Field:
    return field(name, _S, Action.ID, reason, space=space, output=output)


INSTANCE = pa.schema(
    [
        field("_record", pa.int64(), Action.KEEP, "0: a file is one record").with_nullable(False),
        field("_digest", pa.int64(), Action.KEEP, "keyed digest of UID and content").with_nullable(False),
        field("subject", _S, Action.SUBJECT, "the patient, where the header names one", output="person_id"),
        _id("instance_key", "instance", "instance_id", "SOP Instance UID and content digest"),
        _id("series_key", "series", "series_id", "Series Instance UID and patient"),
        _id("study_key", "study", "study_id", "Study Instance UID and patient"),
        field("sop_instance_uid", _S, Action.UID, _UID),  # (0008,0018)
        field("series_instance_uid", _S, Action.UID, _UID),  # (0020,000E)
        field("study_instance_uid", _S, Action.UID, _UID),  # (0020,000D)
        field("sop_class_uid", _S, Action.UID, _CLASS),  # (0008,0016)
        field("transfer_syntax_uid", _S, Action.UID, _CLASS),  # (0002,0010)
        field("modality", _S, Action.TERM, _CODE, term="cs"),  # (0008,0060)
        field("study_date", _S, Action.DATE, _DAY),  # (0008,0020)
        field("study_datetime", _S, Action.DATETIME, _TIME),  # with (0008,0030)
        field("series_date", _S, Action.DATE, _DAY),  # (0008,0021)
        field("series_datetime", _S, Action.DATETIME, _TIME),  # with (0008,0031)
        field("acquisition_date", _S, Action.DATE, _DAY),  # (0008,0022), (0008,002A)
        field("acquisition_datetime", _S, Action.DATETIME, _TIME),  # with (0008,0032)
        field("study_description", _S, Action.TEXT, _FREE),  # (0008,1030)
        field("series_description", _S, Action.TEXT, _FREE),  # (0008,103E)
        field("protocol_name", _S, Action.TEXT, _FREE),  # (0018,1030)
        field("series_number", _I, Action.KEEP, _NUMBER),  # (0020,0011)
        field("acquisition_number", _I, Action.KEEP, _NUMBER),  # (0020,0012)
        field("instance_number", _I, Action.KEEP, _NUMBER),  # (0020,0013)
        field("temporal_position_identifier", _I, Action.KEEP, _NUMBER),  # (0020,0100)
        field("body_part_examined", _S, Action.TERM, _CODE, term="cs"),  # (0018,0015)
        field("body_part_code", _S, Action.TERM, _TERM),  # (0008,2218)>(0008,0100)
        field("body_part_code_scheme", _S, Action.TERM, _TERM, term="system"),  # (0008,2218)>(0008,0102)
        field("body_part_code_meaning", _S, Action.TERM, _TERM, term="display", code="body_part_code"),
        field("laterality", _S, Action.TERM, _CODE, term="cs"),  # (0020,0062), (0020,0060), (0020,9072)
        field("patient_position", _S, Action.TERM, _CODE, term="cs"),  # (0018,5100)
        field("view_position", _S, Action.TERM, _CODE, term="cs"),  # (0018,5101)
        field("image_type", pa.list_(_S), Action.TERM, _CODE, term="cs"),  # (0008,0008)
        field("manufacturer", _S, Action.TEXT, _FREE),  # (0008,0070)
        field("manufacturer_model_name", _S, Action.TEXT, _FREE),  # (0008,1090)
        field("software_versions", pa.list_(_S), Action.TEXT, _FREE),  # (0018,1020)
        field("photometric_interpretation", _S, Action.KEEP, _CODE),  # (0028,0004)
        field("samples_per_pixel", _I, Action.KEEP, _NUMBER),  # (0028,0002)
        field("rows", _I, Action.KEEP, _NUMBER),  # (0028,0010)
        field("columns", _I, Action.KEEP, _NUMBER),  # (0028,0011)
        field("number_of_frames", _I, Action.KEEP, _NUMBER),  # (0028,0008)
        field("bits_allocated", _I, Action.KEEP, _NUMBER),  # (0028,0100)
        field("bits_stored", _I, Action.KEEP, _NUMBER),  # (0028,0101)
        field("pixel_representation", _I, Action.KEEP, _NUMBER),  # (0028,0103): 1 where signed
        field("pixel_spacing_mm", pa.list_(_F), Action.KEEP, _NUMBER),  # (0028,0030): row, column
        field("imager_pixel_spacing_mm", pa.list_(_F), Action.KEEP, _NUMBER),  # (0018,1164): at the detector
        field("slice_thickness_mm", _F, Action.KEEP, _NUMBER),  # (0018,0050)
        field("spacing_between_slices_mm", _F, Action.KEEP, _NUMBER),  # (0018,0088): as stated
        field("slice_location_mm", _F, Action.KEEP, _NUMBER),  # (0020,1041)
        field("image_position_patient_mm", pa.list_(_F), Action.KEEP, _NUMBER),  # (0020,0032): x, y, z
        field("image_orientation_patient", pa.list_(_F), Action.KEEP, _NUMBER),  # (0020,0037)
        field("frame_of_reference_uid", _S, Action.UID, _UID),  # (0020,0052)
        field("frame_positions_mm", pa.list_(_F), Action.KEEP, _NUMBER),  # (0020,9113), along the normal
        field("number_of_orientations", _I, Action.KEEP, _NUMBER),  # (0020,9116), among the frames
        field("window_center", pa.list_(_F), Action.KEEP, _NUMBER),  # (0028,1050)
        field("window_width", pa.list_(_F), Action.KEEP, _NUMBER),  # (0028,1051)
        field("rescale_intercept", _F, Action.KEEP, _NUMBER),  # (0028,1052)
        field("rescale_slope", _F, Action.KEEP, _NUMBER),  # (0028,1053)
        field("rescale_type", _S, Action.TEXT, _FREE),  # (0028,1054)
        field("kvp_kv", _F, Action.KEEP, _NUMBER),  # (0018,0060)
        field("exposure_time_ms", _F, Action.KEEP, _NUMBER),  # (0018,1150), (0018,9328)
        field("x_ray_tube_current_ma", _F, Action.KEEP, _NUMBER),  # (0018,1151), (0018,9330)
        field("exposure_mas", _F, Action.KEEP, _NUMBER),  # (0018,1152), (0018,9332)
        field("ctdi_vol_mgy", _F, Action.KEEP, _NUMBER),  # (0018,9345)
        field("dose_area_product_dgy_cm2", _F, Action.KEEP, _NUMBER),  # (0018,115E)
        field("convolution_kernel", _S, Action.TEXT, _FREE),  # (0018,1210)
        field("repetition_time_ms", _F, Action.KEEP, _NUMBER),  # (0018,0080)
        field("echo_time_ms", _F, Action.KEEP, _NUMBER),  # (0018,0081), (0018,9082)
        field("inversion_time_ms", _F, Action.KEEP, _NUMBER),  # (0018,0082)
        field("flip_angle_deg", _F, Action.KEEP, _NUMBER),  # (0018,1314)
        field("magnetic_field_strength_t", _F, Action.KEEP, _NUMBER),  # (0018,0087)
        field("contrast_bolus_agent", _S, Action.TEXT, _FREE),  # (0018,0010)
        field("burned_in_annotation", _S, Action.TERM, _CODE, term="cs"),  # (0028,0301)
        field("recognizable_visual_features", _S, Action.TERM, _CODE, term="cs"),  # (0028,0302)
        field("lossy_image_compression", _S, Action.KEEP, _CODE),  # (0028,2110): 01 where lossy
        field("lossy_image_compression_ratio", pa.list_(_F), Action.KEEP, _NUMBER),  # (0028,2112)
        field("has_pixels", pa.bool_(), Action.KEEP, "whether there are pixels").with_nullable(False),
        _id("accession", "accession", "accession_id", "authority and accession number (0008,0050)"),
        _id("accession_normal", "accession", "accession_normal_id", "the same in its normal form"),
        field("header", _S, Action.HEADER, "PS3.15 Basic Profile"),
        field("size_bytes", pa.int64(), Action.KEEP, "the file's size"),
    ]
)

TABLES: dict[str, pa.Schema] = {"dicom.instance": INSTANCE}
