-- severity: warning
-- tables: imaging.instance records.accession
-- reason: accession-of-several-persons
-- An accession number that an image and a record of the EHR share, of two persons: they are paired with nothing by it.
WITH stated AS (
    SELECT accession_id, person_id, true AS is_image FROM imaging.instance WHERE accession_id IS NOT NULL
    UNION
    SELECT unnest(accession_ids), person_id, false FROM records.accession WHERE certain
)
SELECT
    count(*) FILTER (WHERE persons > 1) AS failing,
    count(*) AS total
FROM (
    SELECT count(DISTINCT person_id) AS persons
    FROM stated
    GROUP BY accession_id
    HAVING bool_or(is_image) AND NOT bool_and(is_image)
)
