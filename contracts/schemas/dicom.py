"""What the DICOM connector emits: one row an instance, and what may leave of it.

Columns follow attributes of PS3.3 (numbers in brackets are tags) and PS3.15 Table E.1-1 in what is done with them;
the whole header goes beside them through the Basic Profile. Dates and date-times are ISO strings, in local wall time.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

_S, _I, _F = pa.string(), pa.int32(), pa.float64()
_CODE = "a code string by its shape (VR CS); PS3.15 E.1-1 does not list it"
_NUMBER = "a number about the image; PS3.15 E.1-1 does not list it"
_UID = "PS3.15 E.1-1: U"
_FREE = "written by people, so it may name them"
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
        field("modality", _S, Action.KEEP, _CODE),  # (0008,0060)
        field("study_date", _S, Action.DATE, "shifted, or cut to the year"),  # (0008,0020)
        field("study_datetime", _S, Action.DATETIME, "shifted, or left out"),  # with (0008,0030)
        field("series_number", _I, Action.KEEP, _NUMBER),  # (0020,0011)
        field("instance_number", _I, Action.KEEP, _NUMBER),  # (0020,0013)
        field("body_part_examined", _S, Action.KEEP, _CODE),  # (0018,0015)
        field("laterality", _S, Action.KEEP, _CODE),  # (0020,0060), (0020,0062)
        field("image_type", pa.list_(_S), Action.KEEP, _CODE),  # (0008,0008)
        field("manufacturer", _S, Action.TEXT, _FREE),  # (0008,0070)
        field("manufacturer_model_name", _S, Action.TEXT, _FREE),  # (0008,1090)
        field("photometric_interpretation", _S, Action.KEEP, _CODE),  # (0028,0004)
        field("samples_per_pixel", _I, Action.KEEP, _NUMBER),  # (0028,0002)
        field("rows", _I, Action.KEEP, _NUMBER),  # (0028,0010)
        field("columns", _I, Action.KEEP, _NUMBER),  # (0028,0011)
        field("number_of_frames", _I, Action.KEEP, _NUMBER),  # (0028,0008)
        field("bits_allocated", _I, Action.KEEP, _NUMBER),  # (0028,0100)
        field("bits_stored", _I, Action.KEEP, _NUMBER),  # (0028,0101)
        field("pixel_spacing_mm", pa.list_(_F), Action.KEEP, _NUMBER),  # (0028,0030): row, column
        field("slice_thickness_mm", _F, Action.KEEP, _NUMBER),  # (0018,0050)
        field("image_position_patient_mm", pa.list_(_F), Action.KEEP, _NUMBER),  # (0020,0032): x, y, z
        field("image_orientation_patient", pa.list_(_F), Action.KEEP, _NUMBER),  # (0020,0037)
        field("kvp_kv", _F, Action.KEEP, _NUMBER),  # (0018,0060)
        field("repetition_time_ms", _F, Action.KEEP, _NUMBER),  # (0018,0080)
        field("echo_time_ms", _F, Action.KEEP, _NUMBER),  # (0018,0081)
        field("burned_in_annotation", _S, Action.KEEP, _CODE),  # (0028,0301)
        field("has_pixels", pa.bool_(), Action.KEEP, "whether there are pixels").with_nullable(False),
        _id("accession", "accession", "accession_id", "authority and accession number (0008,0050)"),
        field("header", _S, Action.HEADER, "PS3.15 Basic Profile"),
        field("size_bytes", pa.int64(), Action.KEEP, "the file's size"),
    ]
)

TABLES: dict[str, pa.Schema] = {"dicom.instance": INSTANCE}
