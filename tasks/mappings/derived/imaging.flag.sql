-- source: imaging.instance
-- What is odd about an instance beside others: indexed all the same, and said to be odd, with how many instances share it.
SELECT
    instance_id,
    person_id,
    'same-uid-other-content' AS flag,
    count(*) OVER (PARTITION BY sop_instance_uid) AS number_of_instances
FROM imaging.instance
QUALIFY number_of_instances > 1
UNION ALL
-- one series' images lie in a direction that fewer of them share than another: a localizer filed with its series
SELECT
    instance_id,
    person_id,
    'other-orientation' AS flag,
    alike AS number_of_instances
FROM (
    SELECT
        instance_id,
        person_id,
        series_id,
        count(*) OVER (
            PARTITION BY series_id, person_id, list_transform(image_orientation_patient, lambda cosine: round(cosine, 3) + 0.0)
        ) AS alike
    FROM imaging.instance
    WHERE len(image_orientation_patient) = 6
)
QUALIFY alike < max(alike) OVER (PARTITION BY series_id, person_id)
UNION ALL
-- one Study Instance UID for images of several persons, or of a person and of nobody
SELECT
    instance_id,
    person_id,
    'study-of-several-persons' AS flag,
    count(*) OVER (PARTITION BY study_instance_uid) AS number_of_instances
FROM imaging.instance
WHERE study_instance_uid IS NOT NULL
QUALIFY min(coalesce(person_id, 0)) OVER (PARTITION BY study_instance_uid)
    < max(coalesce(person_id, 0)) OVER (PARTITION BY study_instance_uid)
