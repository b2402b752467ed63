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

FINDING = pa.schema(
    [
        col("file_id", pa.int64(), required=True),
        col("finding_index", pa.int32(), required=True),  # gravest first
        col("rule", pa.string(), required=True),  # also the reason code of what it holds back
        col("verdict", pa.string(), required=True),  # nonconformant, invalid
        col("field", pa.string()),  # a column, INFO/key, FORMAT/key, or the kind of a header line
        col("records", pa.int64(), required=True),  # of rules over the header: lines
        col("first_line", pa.int64()),  # of BCF: the record, from 1
        col("held_back", pa.bool_(), required=True),
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

_CALL_COUNTS = [
    col(name, pa.int32(), required=True)
    for name in ("hom_ref", "het", "hom_alt", "haploid_ref", "haploid_alt", "missing")
]

VARIANT_QUALITY = pa.schema(
    [
        col("record_id", pa.int64(), required=True),
        col("file_id", pa.int64(), required=True),
        col("variant_id", pa.int64(), required=True),
        col("call_rate", pa.float64(), required=True),  # of the file's samples
        *_CALL_COUNTS,  # diploid and more: all reference, of several alleles, all of one other
        col("allele_number", pa.int32(), required=True),  # called alleles
        col("allele_counts", pa.list_(pa.int32()), required=True),  # one entry an alternate
        col("allele_frequencies", pa.list_(pa.float64()), required=True),
        col("hardy_weinberg_p", pa.float64()),  # exact test, reference against any other; autosomes alone
    ]
)

SAMPLE_QUALITY = pa.schema(
    [
        col("file_id", pa.int64(), required=True),
        col("sample_index", pa.int32(), required=True),
        col("sample_id", pa.int64(), required=True),
        col("call_rate", pa.float64()),
        *(field.with_type(pa.int64()) for field in _CALL_COUNTS),
        col("het_hom_ratio", pa.float64()),  # het to hom_alt
        # alleles that differ from the reference and are carried, one a record however many copies
        *(
            col(name, pa.int64(), required=True)
            for name in ("transitions", "transversions", "insertions", "deletions", "others")
        ),
        col("ti_tv_ratio", pa.float64()),
        col("singletons", pa.int64()),  # alleles called once in the file; null where it has one sample
        col("mean_depth", pa.float64()),  # FORMAT DP
        col("mean_genotype_quality", pa.float64(), unit="phred"),  # FORMAT GQ
    ]
)

FILE_QUALITY = pa.schema(
    [
        col("file_id", pa.int64(), required=True),
        col("variants", pa.int64(), required=True),  # records that are no reference blocks
        col("multiallelic", pa.int64(), required=True),
        *(
            col(name, pa.int64(), required=True)
            for name in ("transitions", "transversions", "insertions", "deletions", "others")
        ),
        col("ti_tv_ratio", pa.float64()),
        col("counted_by", pa.int32(), required=True),  # version of the counting
    ]
)

CONSEQUENCE = pa.schema(
    [
        col("record_id", pa.int64(), required=True),
        col("annotated_by", pa.string(), required=True),  # the INFO field: CSQ, ANN, BCSQ, LOF, NMD
        col("consequence_index", pa.int32(), required=True),  # in the field's order, from 0
        col("file_id", pa.int64(), required=True),
        col("variant_id", pa.int64(), required=True),
        col("allele", pa.string()),  # as the annotator writes it
        col("allele_index", pa.int32()),  # of the record's alternates, from 1; null where none fits
        col("gene_symbol", pa.string()),
        col("gene_id", pa.string()),
        col("feature_type", pa.string()),
        col("feature_id", pa.string()),
        col("biotype", pa.string()),
        col("consequences", pa.list_(pa.string())),  # terms of the Sequence Ontology
        col("impact", pa.string()),  # HIGH, MODERATE, LOW, MODIFIER
        col("hgvs_coding", pa.string()),
        col("hgvs_protein", pa.string()),
        col("exon", pa.string()),
        col("sift", pa.string()),
        col("polyphen", pa.string()),
        col("loss_of_function", pa.string()),  # LOFTEE's HC and LC; SnpEff's share of transcripts
        col("frequency", pa.float64()),  # of the population that the annotator looked up
        col("is_canonical", pa.bool_()),
    ]
)

SUPPRESSED = pa.schema(
    [
        col("record_id", pa.int64(), required=True),
        col("file_id", pa.int64(), required=True),
        col("reason", pa.string(), required=True),  # singleton, region, gene, not-told
    ]
)
