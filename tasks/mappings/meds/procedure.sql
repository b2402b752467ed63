-- source: omop.procedure_occurrence, imaging.study
-- Each procedure; its start. One that was only made of an imaging study is no event of its own: the study is.
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
WHERE procedure_occurrence_id NOT IN (
    SELECT (md5_number_lower('study:' || study_id || ':' || person_id) >> 1)::BIGINT
    FROM imaging.study
    WHERE person_id IS NOT NULL
)
