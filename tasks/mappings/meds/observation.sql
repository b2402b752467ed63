-- source: omop.observation
-- Each statement about a person: its number, else its words.
SELECT
    person_id AS subject_id,
    coalesce(observation_datetime, observation_date::TIMESTAMP) AS time,
    51 AS rank,
    observation_id AS row_id,
    'OBSERVATION' AS kind,
    observation_concept_id AS concept_id,
    source_vocabulary,
    observation_source_value AS source_value,
    source_display,
    value_as_number AS numeric_value,
    coalesce(value_as_string, CASE WHEN value_as_number IS NULL THEN value_source_value END) AS text_value,
    CASE WHEN value_as_string IS NULL AND value_as_number IS NULL THEN nullif(value_as_concept_id, 0) END
        AS value_concept_id,
    unit_source_value AS unit,
    unit_concept_id,
    visit_occurrence_id AS visit_id,
    'observation' AS "table"
FROM omop.observation
