-- source: omop.specimen
-- Each specimen taken; the number is its quantity.
SELECT
    person_id AS subject_id,
    coalesce(specimen_datetime, specimen_date::TIMESTAMP) AS time,
    45 AS rank,
    specimen_id AS row_id,
    'SPECIMEN' AS kind,
    specimen_concept_id AS concept_id,
    source_vocabulary,
    specimen_source_value AS source_value,
    source_display,
    quantity AS numeric_value,
    unit_source_value AS unit,
    unit_concept_id,
    'specimen' AS "table"
FROM omop.specimen
