"""Genomics: files, samples, variants and calls, after the VCF specification (v4.5).

`genomics.variant` and `genomics.call` are open: each INFO field of an export adds a column `info_*` to the first,
each FORMAT field a column `format_*` to the second. A standard field (reserved by the specification and declared as
there) is named by its id alone (`info_AF`); any other carries its declared type (`info_XYZ_float_list`), so that two
files that declare one id differently never share a column. Calls are lists with one entry a sample, in the order of
`genomics.sample.sample_index`.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.schemas.fields import lake_field as col

FILE = pa.schema(
    [
        col("file_id", pa.int64(), required=True),
        col("format_version", pa.string()),
        col("assembly", pa.string()),
        col("header", pa.string(), required=True),  # allow-listed header lines
        col("number_of_samples", pa.int32(), required=True),
        col("number_of_records", pa.int64(), required=True),
    ]
)

SAMPLE = pa.schema(
    [
        col("file_id", pa.int64(), required=True),
        col("sample_index", pa.int32(), required=True),
        col("sample_id", pa.int64(), required=True),
        col("person_id", pa.int64()),
    ]
)

VARIANT = pa.schema(
    [
        col("record_id", pa.int64(), required=True),  # keyed by file content and record number
        col("variant_id", pa.int64(), required=True),  # keyed by contig, position, reference and alternates
        col("file_id", pa.int64(), required=True),
        col("record_index", pa.int64(), required=True),
        col("contig", pa.string(), required=True),
        col("position", pa.int64(), required=True, unit="1-based"),
        col("end_position", pa.int64(), required=True, unit="1-based, inclusive"),
        col("identifiers", pa.list_(pa.string())),
        col("reference", pa.string(), required=True),
        col("alternates", pa.list_(pa.string()), required=True),
        col("quality_phred", pa.float32(), unit="phred"),
        col("filters", pa.list_(pa.string())),  # null: not applied (.), empty: PASS
        col("is_reference_block", pa.bool_(), required=True),
    ]
)

CALL = pa.schema(
    [
        col("record_id", pa.int64(), required=True),
        col("file_id", pa.int64(), required=True),
        col("genotype", pa.list_(pa.list_(pa.int16()))),  # allele indexes, null element: missing allele
        col("phased", pa.list_(pa.bool_())),
    ]
)
