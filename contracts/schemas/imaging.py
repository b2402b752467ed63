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
        col("series_date", pa.date32()),
        col("series_datetime", pa.timestamp("us")),
        col("acquisition_date", pa.date32()),
        col("acquisition_datetime", pa.timestamp("us")),
        col("study_description", _S),
        col("series_description", _S),
        col("protocol_name", _S),
        col("series_number", _I),
        col("acquisition_number", _I),
        col("instance_number", _I),
        col("temporal_position_identifier", _I),
        col("body_part_examined", _S),
        col("body_part_code", _S),
        col("body_part_code_scheme", _S),
        col("body_part_code_meaning", _S),
        col("laterality", _S),
        col("patient_position", _S),
        col("view_position", _S),
        col("image_type", pa.list_(_S)),
        col("manufacturer", _S),
        col("manufacturer_model_name", _S),
        col("software_versions", pa.list_(_S)),
        col("photometric_interpretation", _S),
        col("samples_per_pixel", _I),
        col("rows", _I, unit="pixel"),
        col("columns", _I, unit="pixel"),
        col("number_of_frames", _I),
        col("bits_allocated", _I, unit="bit"),
        col("bits_stored", _I, unit="bit"),
        col("pixel_representation", _I),
        col("pixel_spacing_mm", pa.list_(_F), unit="mm"),
        col("imager_pixel_spacing_mm", pa.list_(_F), unit="mm"),
        col("slice_thickness_mm", _F, unit="mm"),
        col("spacing_between_slices_mm", _F, unit="mm"),
        col("slice_location_mm", _F, unit="mm"),
        col("image_position_patient_mm", pa.list_(_F), unit="mm"),
        col("image_orientation_patient", pa.list_(_F)),
        col("frame_of_reference_uid", _S),
        col("frame_positions_mm", pa.list_(_F), unit="mm"),
        col("number_of_orientations", _I),
        col("window_center", pa.list_(_F)),
        col("window_width", pa.list_(_F)),
        col("rescale_intercept", _F),
        col("rescale_slope", _F),
        col("rescale_type", _S),
        col("kvp_kv", _F, unit="kV"),
        col("exposure_time_ms", _F, unit="ms"),
        col("x_ray_tube_current_ma", _F, unit="mA"),
        col("exposure_mas", _F, unit="mA.s"),
        col("ctdi_vol_mgy", _F, unit="mGy"),
        col("dose_area_product_dgy_cm2", _F, unit="dGy.cm2"),
        col("convolution_kernel", _S),
        col("repetition_time_ms", _F, unit="ms"),
        col("echo_time_ms", _F, unit="ms"),
        col("inversion_time_ms", _F, unit="ms"),
        col("flip_angle_deg", _F, unit="deg"),
        col("magnetic_field_strength_t", _F, unit="T"),
        col("contrast_bolus_agent", _S),
        col("burned_in_annotation", _S),
        col("recognizable_visual_features", _S),
        col("lossy_image_compression", _S),
        col("lossy_image_compression_ratio", pa.list_(_F)),
        col("has_pixels", _B, required=True),
        col("accession_id", pa.int64()),
        col("accession_normal_id", pa.int64()),  # of the number in its normal form (connectors.accessions)
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
        col("series_date", pa.date32()),
        col("series_datetime", pa.timestamp("us")),
        col("series_description", _S),
        col("protocol_name", _S),
        col("body_part_examined", _S),
        col("laterality", _S),  # null where the images differ, as in what follows
        col("manufacturer", _S),
        col("manufacturer_model_name", _S),
        col("frame_of_reference_uid", _S),
        col("rows", _I, unit="pixel"),
        col("columns", _I, unit="pixel"),
        col("pixel_spacing_mm", pa.list_(_F), unit="mm"),
        col("slice_thickness_mm", _F, unit="mm"),
        col("number_of_instances", pa.int64(), required=True),
        col("number_of_frames", pa.int64(), required=True),
        col("size_bytes", pa.int64(), unit="byte"),
        col("geometry", _S, required=True),  # none, single, regular, faulty
        col("geometry_faults", pa.list_(_S)),  # null where no image says where it lies
        col("slice_spacing_mm", _F, unit="mm"),  # the median between neighbours
        col("number_of_positions", pa.int64()),
        col("slices_per_position", pa.int64()),  # as most positions have: phases, echoes
        col("number_of_orientations", _I),
        col("missing_slices", pa.int64()),  # that would fill the gaps
        col("duplicate_positions", pa.int64()),
        col("missing_instance_numbers", pa.int64()),
    ]
)

STUDY = pa.schema(
    [
        col("study_id", pa.int64(), required=True),
        col("person_id", pa.int64()),
        col("study_instance_uid", _S),
        col("study_date", pa.date32()),
        col("study_datetime", pa.timestamp("us")),
        col("study_description", _S),
        col("modalities", pa.list_(_S)),
        col("body_parts", pa.list_(_S)),
        col("number_of_series", pa.int64(), required=True),
        col("number_of_instances", pa.int64(), required=True),
        col("number_of_frames", pa.int64()),
        col("size_bytes", pa.int64(), unit="byte"),
    ]
)

FLAG = pa.schema(
    [
        col("instance_id", pa.int64(), required=True),
        col("person_id", pa.int64()),
        col(
            "flag", pa.string(), required=True
        ),  # same-uid-other-content, other-orientation, study-of-several-persons
        col("number_of_instances", pa.int64(), required=True),
    ]
)
"""What is odd about an instance, judged over the whole table: it is indexed all the same."""

LINK = pa.schema(
    [
        col("study_id", pa.int64(), required=True),
        col("person_id", pa.int64(), required=True),
        col("kind", _S, required=True),  # report, procedure, order, study (as the EHR states it), visit
        col(
            "record_id", pa.int64(), required=True
        ),  # note_id, procedure_occurrence_id, visit_occurrence_id, record_id
        col(
            "series_id", pa.int64()
        ),  # where the record names single series; else all of the study's are meant
        col("basis", _S, required=True),
        col("days_apart", _I),  # from the study's day to the record's; null where one has no day
        col("candidates", pa.int64(), required=True),  # studies or records that the basis would fit alike
    ]
)
"""Which records of the EHR are about a study. `basis`, the strongest first: series-uid, study-uid, accession,
accession-normal, order (both are about the same order, study or procedure), day; of visits: procedure, report, order
(which record names the visit), time, day."""

IMAGE_OCCURRENCE = pa.schema(
    [
        col("image_occurrence_id", pa.int64(), required=True),
        col("person_id", pa.int64(), required=True),
        col("procedure_occurrence_id", pa.int64(), required=True),
        col("visit_occurrence_id", pa.int64()),
        col("anatomic_site_concept_id", pa.int64()),
        col("wadors_uri", _S),
        col("local_path", _S),
        col("image_occurrence_date", pa.date32(), required=True),
        col("image_study_uid", _S, required=True),
        col("image_series_uid", _S, required=True),
        col("modality_concept_id", pa.int64(), required=True),
        # beside the extension's columns
        col("study_id", pa.int64(), required=True),
        col("series_id", pa.int64(), required=True),
        col("modality_source_value", _S),
        col("anatomic_site_source_value", _S),
        col(
            "procedure_basis", _S, required=True
        ),  # as imaging.link has it, or study: it was made from the study
        col("visit_basis", _S),
    ]
)
"""OMOP's imaging extension (MI-CDM): one row a series of a person."""

REPORT_IMAGE = pa.schema(
    [
        col("note_id", pa.int64(), required=True),
        col("series_id", pa.int64(), required=True),
        col("person_id", pa.int64(), required=True),
        col("study_id", pa.int64(), required=True),
        col("modality", _S),
        col("basis", _S, required=True),
        col("days_apart", _I),
        col("candidates", pa.int64(), required=True),
    ]
)
"""Which radiology report (`omop.note`) tells of which series."""

OBJECT = pa.schema(
    [
        col("instance_id", pa.int64(), required=True),
        col("person_id", pa.int64()),
        col("study_id", pa.int64(), required=True),
        col("series_id", pa.int64(), required=True),
        col("status", _S, required=True),  # written, held
        col("reason", _S),  # why it is held
        col("object_key", _S),  # of the file under objects/; null where it is held
        col("has_preview", _B, required=True),
        col("size_bytes", pa.int64(), unit="byte"),
        col("transfer_syntax_uid", _S),  # of the file under objects/
        col("pixel_digest", _S),  # keyed, of the decoded pixels as they came: equal for recompressed twins
        col("shown_digest", _S),  # the same of the pixels in the file; another one where text was hidden
        col("risk", _S),  # check, sample or spare: what the rules on burned-in text say
        col("risk_rule", _S),
        col("number_of_frames", _I),
        col("frames_checked", _I),  # looked at by OCR, or equal where text can be to one that was
        col("frames_read", _I),  # by OCR itself
        col("frames_spared", _I),
        col("frames_changed", _I),
        col("boxes_hidden", _I),
        col("texts_kept", _I),  # markers that say nothing of anybody
        col(
            "face", _S, required=True
        ),  # no, possible; possible and written only where the settings release faces
        col("flags", pa.list_(_S)),  # what de-identifying the header came across
        col("made_from", _S, required=True),  # digest of content, persons, recipe and verdict on faces
    ]
)
"""One row for each instance whose de-identified file was made or held."""
