-- source: omop.death
-- The cause of a death, where one is stated.
SELECT
    person_id AS subject_id,
    coalesce(death_datetime, death_date::TIMESTAMP) AS time,
    91 AS rank,
    person_id AS row_id,
    'DEATH_CAUSE' AS prefix,
    'DEATH' AS kind,
    cause_concept_id AS concept_id,
    cause_source_value AS source_value,
    'death' AS "table"
FROM omop.death
WHERE cause_concept_id <> 0 OR cause_source_value IS NOT NULL
