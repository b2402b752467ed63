-- source: omop.procedure_occurrence
-- Each procedure; its start.
SELECT
    person_id AS subject_id,
    coalesce(procedure_datetime, procedure_date::TIMESTAMP) AS time,
    30 AS rank,
    procedure_occurrence_id AS row_id,
    'PROCEDURE' AS kind,
    procedure_concept_id AS concept_id,
    source_vocabulary,
    procedure_source_value AS source_value,
    source_display,
    visit_occurrence_id AS visit_id,
    'procedure_occurrence' AS "table"
FROM omop.procedure_occurrence
