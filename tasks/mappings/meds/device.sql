-- source: omop.device_exposure
-- The start of each use of a device.
SELECT
    person_id AS subject_id,
    coalesce(device_exposure_start_datetime, device_exposure_start_date::TIMESTAMP) AS time,
    31 AS rank,
    device_exposure_id AS row_id,
    'DEVICE' AS kind,
    device_concept_id AS concept_id,
    source_vocabulary,
    device_source_value AS source_value,
    source_display,
    visit_occurrence_id AS visit_id,
    'device_exposure' AS "table"
FROM omop.device_exposure
