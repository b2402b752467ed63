-- severity: warning
-- tables: omop.visit_occurrence omop.death
-- reason: visit-after-death
-- Visits that begin on a later day than the person's death, as the certification of a death does.
SELECT
    count(*) FILTER (WHERE v.visit_start_date > d.death_date) AS failing,
    count(*) AS total
FROM omop.visit_occurrence AS v
JOIN omop.death AS d USING (person_id)
