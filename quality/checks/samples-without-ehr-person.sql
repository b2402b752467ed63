-- severity: info
-- tables: genomics.sample omop.person
-- reason: sample-without-ehr-person
-- Samples of a person of whom no record is known, or of nobody.
SELECT
    count(*) FILTER (WHERE p.person_id IS NULL) AS failing,
    count(*) AS total
FROM genomics.sample AS s
LEFT JOIN omop.person AS p USING (person_id)
