-- source: synthea.imaging_study
-- Each row of imaging_studies.csv: a study of images as the EHR states it, by the UID of its series.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    'study' AS kind,
    person_id,
    encounter_id AS visit_occurrence_id,
    true AS certain,
    [series_uid] AS series_instance_uids
FROM synthea_imaging_study
WHERE series_uid IS NOT NULL
