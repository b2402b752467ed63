-- source: omop.visit_occurrence
-- The end of each visit that ends later than it starts, or that says where to: the CDM gives a visit without a stated end
-- the start as its end.
SELECT
    person_id AS subject_id,
    greatest(
        coalesce(visit_end_datetime, visit_end_date::TIMESTAMP),
        coalesce(visit_start_datetime, visit_start_date::TIMESTAMP)
    ) AS time,
    80 AS rank,
    visit_occurrence_id AS row_id,
    'DISCHARGE' AS prefix,
    'VISIT' AS kind,
    visit_concept_id AS concept_id,
    source_vocabulary,
    visit_source_value AS source_value,
    source_display,
    discharged_to_source_value AS text_value,
    nullif(discharged_to_concept_id, 0) AS value_concept_id,
    visit_occurrence_id AS visit_id,
    'visit_occurrence' AS "table"
FROM omop.visit_occurrence
WHERE coalesce(visit_end_datetime, visit_end_date::TIMESTAMP) > coalesce(visit_start_datetime, visit_start_date::TIMESTAMP)
    OR visit_end_date > visit_start_date
    OR discharged_to_source_value IS NOT NULL
    OR discharged_to_concept_id <> 0
