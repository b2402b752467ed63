-- source: imaging.study
-- Each imaging study by its modalities, on its day; one without a date is static. The number counts its images.
SELECT
    person_id AS subject_id,
    study_date::TIMESTAMP AS time,
    61 AS rank,
    study_id AS row_id,
    'IMAGING_STUDY' AS prefix,
    'STUDY' AS kind,
    'DCM' AS source_vocabulary,  -- DICOM's own terminology of modalities (PS3.16)
    nullif(array_to_string(list_sort(modalities), '+'), '') AS source_value,
    number_of_instances::DOUBLE AS numeric_value,
    study_id AS join_id,
    'imaging.study' AS "table"
FROM imaging.study
WHERE person_id IS NOT NULL
