-- source: imaging.instance
-- Instances that share a SOP Instance UID with others of other content: indexed, and said to be odd.
SELECT
    instance_id,
    person_id,
    'same-uid-other-content' AS flag,
    count(*) OVER (PARTITION BY sop_instance_uid) AS number_of_instances
FROM imaging.instance
QUALIFY number_of_instances > 1
