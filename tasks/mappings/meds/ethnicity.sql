-- source: omop.person
-- Ethnicity as a static event: no time.
SELECT
    person_id AS subject_id,
    NULL::TIMESTAMP AS time,
    3 AS rank,
    person_id AS row_id,
    'ETHNICITY' AS kind,
    ethnicity_concept_id AS concept_id,
    'UNKNOWN_ETHNICITY' AS source_vocabulary,
    ethnicity_source_value AS source_value,
    'person' AS "table"
FROM omop.person
WHERE ethnicity_concept_id <> 0 OR ethnicity_source_value IS NOT NULL
