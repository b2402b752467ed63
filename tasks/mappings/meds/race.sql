-- source: omop.person
-- Race as a static event: no time.
SELECT
    person_id AS subject_id,
    NULL::TIMESTAMP AS time,
    2 AS rank,
    person_id AS row_id,
    'RACE' AS kind,
    race_concept_id AS concept_id,
    'UNKNOWN_RACE' AS source_vocabulary,
    race_source_value AS source_value,
    'person' AS "table"
FROM omop.person
WHERE race_concept_id <> 0 OR race_source_value IS NOT NULL
