-- severity: warning
-- tables: omop.visit_occurrence records.patient
-- reason: visit-before-birth
-- Visits of an earlier day than the earliest date of birth that any source states. Left out are people whose birth stands
-- on January 1 ninety years ago or more: under safe_harbor that is the group of the oldest, not their own year.
WITH born AS (
    SELECT person_id, min(birth_date) AS birth_date, min(death_date) AS death_date
    FROM records.patient
    WHERE birth_date IS NOT NULL
    GROUP BY person_id
)
SELECT
    count(*) FILTER (WHERE e.visit_start_date < b.birth_date) AS failing,
    count(*) AS total
FROM omop.visit_occurrence AS e
JOIN born AS b USING (person_id)
WHERE NOT (
    month(b.birth_date) = 1 AND day(b.birth_date) = 1
    AND year(b.birth_date) <= year(coalesce(b.death_date, current_date)) - 90
)
