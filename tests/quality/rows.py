"""Rows that pass every suite, to be broken one at a time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from contracts.schemas import LAKE

TODAY = date(2026, 3, 1)
LARGE = 2**53 + 1

GOOD: dict[str, dict[str, Any]] = {
    "records.patient": {
        "record_id": 1,
        "person_id": LARGE,
        "birth_date": date(1980, 1, 2),
        "birth_precision": "day",
        "year_of_birth": 1980,
        "death_date": date(2020, 1, 1),
        "gender_source_value": "female",
        "zip3": "021",
        "state": "MA",
    },
    "omop.visit_occurrence": {
        "visit_occurrence_id": 1,
        "person_id": LARGE,
        "visit_concept_id": 9202,
        "visit_start_date": date(2020, 1, 1),
        "visit_start_datetime": datetime(2020, 1, 1, 8),
        "visit_end_date": date(2020, 1, 1),
        "visit_end_datetime": datetime(2020, 1, 1, 9),
        "visit_type_concept_id": 32817,
    },
    "omop.condition_occurrence": {
        "condition_occurrence_id": 1,
        "person_id": LARGE,
        "condition_concept_id": 0,
        "condition_start_date": date(2020, 1, 1),
        "condition_source_value": "44054006",
    },
    "omop.note": {
        "note_id": 1,
        "person_id": LARGE,
        "note_date": date(2020, 1, 1),
        "note_text": "Seen today.",
        "visit_occurrence_id": 1,
    },
    "records.unmapped": {"record_id": 1, "record_type": "Device", "resource": '{"resourceType":"Device"}'},
    "imaging.instance": {
        "instance_id": 1,
        "series_id": 2,
        "study_id": 3,
        "person_id": LARGE,
        "sop_instance_uid": "2.25.77",
        "study_date": date(2020, 1, 1),
        "rows": 64,
        "columns": 64,
        "number_of_frames": 1,
        "bits_allocated": 16,
        "bits_stored": 12,
        "pixel_spacing_mm": [0.5, 0.5],
        "has_pixels": True,
    },
    "genomics.file": {
        "file_id": 1,
        "format_version": "VCFv4.2",
        "header": "##fileformat=VCFv4.2",
        "number_of_samples": 0,
        "number_of_records": 0,
    },
    "genomics.sample": {"file_id": 1, "sample_index": 0, "sample_id": LARGE, "person_id": LARGE},
    "genomics.variant": {
        "record_id": 1,
        "variant_id": 2,
        "file_id": 3,
        "record_index": 0,
        "contig": "chr1",
        "position": 10,
        "end_position": 10,
        "reference": "A",
        "alternates": ["T"],
        "quality_phred": 30.0,
        "is_reference_block": False,
    },
    "genomics.call": {"record_id": 1, "file_id": 1, "genotype": [[0, 1]], "phased": [True]},
}


def make_rows(table: str, *changes: dict[str, Any]) -> pa.Table:
    """One good row for each of `changes`, which says what is other in it; any column may be null, as when staged."""
    schema = pa.schema([pa.field(f.name, f.type) for f in LAKE[table].schema])
    rows = [{**GOOD[table], **change} for change in changes]
    return pa.table([pa.array([r.get(f.name) for r in rows], f.type) for f in schema], schema=schema)
