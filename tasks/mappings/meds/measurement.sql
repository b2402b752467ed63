-- source: omop.measurement
-- Each result: its number; its words where there is no number, or where an operator stands before it (<0.5).
SELECT
    person_id AS subject_id,
    coalesce(measurement_datetime, measurement_date::TIMESTAMP) AS time,
    50 AS rank,
    measurement_id AS row_id,
    'MEASUREMENT' AS kind,
    measurement_concept_id AS concept_id,
    source_vocabulary,
    measurement_source_value AS source_value,
    source_display,
    value_as_number AS numeric_value,
    -- 4172703: the operator =
    CASE
        WHEN value_as_number IS NULL OR coalesce(operator_concept_id, 0) NOT IN (0, 4172703) THEN value_source_value
    END AS text_value,
    CASE WHEN value_as_number IS NULL THEN nullif(value_as_concept_id, 0) END AS value_concept_id,
    unit_source_value AS unit,
    unit_concept_id,
    visit_occurrence_id AS visit_id,
    'measurement' AS "table"
FROM omop.measurement
