-- source: omop.condition_occurrence
-- The start of each problem, diagnosis or finding.
SELECT
    person_id AS subject_id,
    coalesce(condition_start_datetime, condition_start_date::TIMESTAMP) AS time,
    20 AS rank,
    condition_occurrence_id AS row_id,
    'CONDITION' AS kind,
    condition_concept_id AS concept_id,
    source_vocabulary,
    condition_source_value AS source_value,
    source_display,
    visit_occurrence_id AS visit_id,
    'condition_occurrence' AS "table"
FROM omop.condition_occurrence
