-- severity: info
-- tables: imaging.instance omop.person
-- reason: image-without-ehr-person
-- Images of a person of whom no record is known, or of nobody.
SELECT
    count(*) FILTER (WHERE p.person_id IS NULL) AS failing,
    count(*) AS total
FROM imaging.instance AS i
LEFT JOIN omop.person AS p USING (person_id)
