-- severity: warning
-- each: omop.visit_occurrence=visit omop.visit_detail=visit-detail omop.condition_occurrence=condition
-- each: omop.drug_exposure=drug omop.procedure_occurrence=procedure omop.device_exposure=device
-- each: omop.measurement=measurement omop.observation=observation omop.specimen=specimen omop.note=note
-- each: imaging.instance=image
-- tables: {table} records.patient
-- reason: before-birth
-- Of an earlier day than the earliest date of birth that any source states. Left out are people whose birth stands on
-- January 1 ninety years ago or more: under safe_harbor that is the group of the oldest, not their own year.
WITH born AS (
    SELECT person_id, min(birth_date) AS birth_date, min(death_date) AS death_date
    FROM records.patient
    WHERE birth_date IS NOT NULL
    GROUP BY person_id
)
SELECT
    count(*) FILTER (WHERE e.{date} < b.birth_date) AS failing,
    count(*) AS total
FROM {table} AS e
JOIN born AS b USING (person_id)
WHERE NOT (
    month(b.birth_date) = 1 AND day(b.birth_date) = 1
    AND year(b.birth_date) <= year(coalesce(b.death_date, current_date)) - 90
)
