-- source: imaging.instance
-- One row for each study and person.
SELECT
    study_id,
    person_id,
    min(study_instance_uid) AS study_instance_uid,
    min(study_date) AS study_date,
    list_sort(list_distinct(list(modality))) AS modalities,
    count(DISTINCT series_id) AS number_of_series,
    count(*) AS number_of_instances
FROM imaging.instance
GROUP BY study_id, person_id
