-- source: omop.person
-- Gender as a static event: no time.
SELECT
    person_id AS subject_id,
    NULL::TIMESTAMP AS time,
    1 AS rank,
    person_id AS row_id,
    'GENDER' AS kind,
    gender_concept_id AS concept_id,
    'UNKNOWN_GENDER' AS source_vocabulary,
    gender_source_value AS source_value,
    'person' AS "table"
FROM omop.person
WHERE gender_concept_id <> 0 OR gender_source_value IS NOT NULL
