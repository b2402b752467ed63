-- source: genomics.sample
-- Each sample whose variants the lake holds: static, since a variant file tells no time.
SELECT DISTINCT
    person_id AS subject_id,
    NULL::TIMESTAMP AS time,
    9 AS rank,
    sample_id AS row_id,
    'GENOMIC_SAMPLE' AS code,
    'Sample with variants in genomics.variant' AS source_display,
    sample_id AS join_id,
    'genomics.sample' AS "table"
FROM genomics.sample
WHERE person_id IS NOT NULL
