-- source: imaging.instance
-- One row for each study and person.
SELECT
    study_id,
    person_id,
    min(study_instance_uid) AS study_instance_uid,
    min(study_date) AS study_date,
    min(study_datetime) AS study_datetime,
    min(study_description) AS study_description,
    list_sort(list_distinct(list(modality))) AS modalities,
    list_sort(list_distinct(list(body_part_examined))) AS body_parts,
    count(DISTINCT series_id) AS number_of_series,
    count(*) AS number_of_instances,
    sum(coalesce(number_of_frames, CASE WHEN has_pixels THEN 1 ELSE 0 END))::BIGINT AS number_of_frames,
    sum(size_bytes)::BIGINT AS size_bytes
FROM imaging.instance
GROUP BY study_id, person_id
