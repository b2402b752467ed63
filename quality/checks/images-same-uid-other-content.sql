-- severity: info
-- tables: imaging.flag imaging.instance
-- reason: same-uid-other-content
-- Instances that share a SOP Instance UID with others of other content: indexed, and flagged.
SELECT
    (SELECT count(*) FROM imaging.flag WHERE flag = 'same-uid-other-content') AS failing,
    (SELECT count(*) FROM imaging.instance) AS total
