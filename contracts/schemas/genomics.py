"""Genomics: files, samples, variants, calls and reference blocks, after the VCF specification (v4.5).

`genomics.variant` and `genomics.call` are open: each INFO field of an export adds a column `info_*` to the first,
each FORMAT field a column `format_*` to the second. A record that only says that there is nothing but the reference
(section 5.5) is a row of `genomics.reference_block`, with both, and of neither of the two.
A standard field (reserved by the specification and declared as there) is named by its id alone (`info_AF`); any other
carries its declared type (`info_XYZ_float_list`), so that two files that declare one id differently never share a
column. Calls are lists with one entry a sample, in the order of
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

_PLACE = [
    col("record_id", pa.int64(), required=True),  # keyed by file content and record number
    col("file_id", pa.int64(), required=True),
    col("record_index", pa.int64(), required=True),
    col("assembly", pa.string()),  # as in genomics.file: positions of two assemblies never compare
    col(
        "contig", pa.string(), required=True
    ),  # harmonised: chr1 to chr22, chrX, chrY, chrM; others as they are
    col("contig_stated", pa.string(), required=True),  # as the file has it
    col("position", pa.int64(), required=True, unit="1-based"),
    col("end_position", pa.int64(), required=True, unit="1-based, inclusive"),
    col("identifiers", pa.list_(pa.string())),
    col("reference", pa.string(), required=True),
    col("alternates", pa.list_(pa.string()), required=True),
    col("quality_phred", pa.float32(), unit="phred"),
    col("filters", pa.list_(pa.string())),  # null: not applied (.), empty: PASS
    col("reference_matches", pa.bool_()),  # whether the reference has REF there; null: not compared
]

VARIANT = pa.schema(
    [
        *_PLACE,
        col(
            "variant_id", pa.int64(), required=True
        ),  # keyed by assembly, contig, position, reference, alternates
        # one entry an alternate: keyed by the four that follow it, which share no base at their ends but one
        col("allele_ids", pa.list_(pa.int64()), required=True),
        col("allele_positions", pa.list_(pa.int64()), required=True, unit="1-based"),
        col("allele_references", pa.list_(pa.string()), required=True),
        col("allele_alternates", pa.list_(pa.string()), required=True),
    ]
)

_GENOTYPES = [
    col("genotype", pa.list_(pa.list_(pa.int16()))),  # allele indexes, null element: missing allele
    col("phased", pa.list_(pa.bool_())),
]

CALL = pa.schema(
    [col("record_id", pa.int64(), required=True), col("file_id", pa.int64(), required=True), *_GENOTYPES]
)

REFERENCE_BLOCK = pa.schema([*_PLACE, *_GENOTYPES])
