-- source: omop.visit_occurrence
-- The start of each visit, outpatient ones included.
SELECT
    person_id AS subject_id,
    coalesce(visit_start_datetime, visit_start_date::TIMESTAMP) AS time,
    10 AS rank,
    visit_occurrence_id AS row_id,
    'ADMISSION' AS prefix,
    'VISIT' AS kind,
    visit_concept_id AS concept_id,
    source_vocabulary,
    visit_source_value AS source_value,
    source_display,
    visit_occurrence_id AS visit_id,
    'visit_occurrence' AS "table"
FROM omop.visit_occurrence
