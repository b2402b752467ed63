-- severity: warning
-- tables: omop.visit_occurrence omop.person
-- reason: visit-without-person
-- Visits of a person who has no row of their own, as when no Patient record of theirs was accepted.
SELECT
    count(*) FILTER (WHERE p.person_id IS NULL) AS failing,
    count(*) AS total
FROM omop.visit_occurrence AS v
LEFT JOIN omop.person AS p USING (person_id)
