"""The imaging index: study, series, instance. UIDs are keyed surrogates, ids keyed hashes."""

from __future__ import annotations

import pyarrow as pa

from contracts.schemas.fields import lake_field as col

_I, _F, _S, _B = pa.int32(), pa.float64(), pa.string(), pa.bool_()

INSTANCE = pa.schema(
    [
        col("instance_id", pa.int64(), required=True),  # keyed by SOP Instance UID and content digest
        col("series_id", pa.int64(), required=True),
        col("study_id", pa.int64(), required=True),
        col("person_id", pa.int64()),
        col("sop_instance_uid", _S, required=True),
        col("series_instance_uid", _S),
        col("study_instance_uid", _S),
        col("sop_class_uid", _S),
        col("transfer_syntax_uid", _S),
        col("modality", _S),
        col("study_date", pa.date32()),
        col("study_datetime", pa.timestamp("us")),
        col("series_number", _I),
        col("instance_number", _I),
        col("body_part_examined", _S),
        col("laterality", _S),
        col("image_type", pa.list_(_S)),
        col("manufacturer", _S),
        col("manufacturer_model_name", _S),
        col("photometric_interpretation", _S),
        col("samples_per_pixel", _I),
        col("rows", _I, unit="pixel"),
        col("columns", _I, unit="pixel"),
        col("number_of_frames", _I),
        col("bits_allocated", _I, unit="bit"),
        col("bits_stored", _I, unit="bit"),
        col("pixel_spacing_mm", pa.list_(_F), unit="mm"),
        col("slice_thickness_mm", _F, unit="mm"),
        col("image_position_patient_mm", pa.list_(_F), unit="mm"),
        col("image_orientation_patient", pa.list_(_F)),
        col("kvp_kv", _F, unit="kV"),
        col("repetition_time_ms", _F, unit="ms"),
        col("echo_time_ms", _F, unit="ms"),
        col("burned_in_annotation", _S),
        col("has_pixels", _B, required=True),
        col("accession_id", pa.int64()),
        col("header", _S),  # the rest of the cleaned header, DICOM JSON model (PS3.18 F)
        col("size_bytes", pa.int64(), unit="byte"),
    ]
)

SERIES = pa.schema(
    [
        col("series_id", pa.int64(), required=True),
        col("study_id", pa.int64(), required=True),
        col("person_id", pa.int64()),
        col("series_instance_uid", _S),
        col("modality", _S),
        col("series_number", _I),
        col("body_part_examined", _S),
        col("number_of_instances", pa.int64(), required=True),
        col("number_of_frames", pa.int64(), required=True),
    ]
)

STUDY = pa.schema(
    [
        col("study_id", pa.int64(), required=True),
        col("person_id", pa.int64()),
        col("study_instance_uid", _S),
        col("study_date", pa.date32()),
        col("modalities", pa.list_(_S)),
        col("number_of_series", pa.int64(), required=True),
        col("number_of_instances", pa.int64(), required=True),
    ]
)

FLAG = pa.schema(
    [
        col("instance_id", pa.int64(), required=True),
        col("person_id", pa.int64()),
        col("flag", pa.string(), required=True),  # same-uid-other-content
        col("number_of_instances", pa.int64(), required=True),
    ]
)
"""What is odd about an instance, judged over the whole table: it is indexed all the same."""
