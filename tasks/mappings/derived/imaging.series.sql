-- source: imaging.instance
-- One row for each series and person: a Series Instance UID shared by two persons stays two rows.
SELECT
    series_id,
    min(study_id) AS study_id,
    person_id,
    min(series_instance_uid) AS series_instance_uid,
    min(modality) AS modality,
    min(series_number) AS series_number,
    min(body_part_examined) AS body_part_examined,
    count(*) AS number_of_instances,
    sum(coalesce(number_of_frames, CASE WHEN has_pixels THEN 1 ELSE 0 END))::BIGINT AS number_of_frames
FROM imaging.instance
GROUP BY series_id, person_id
