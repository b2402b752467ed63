-- severity: info
-- tables: omop.condition_occurrence omop.visit_occurrence
-- reason: condition-without-visit
-- Conditions that name no visit, or one that is not there: a problem list has such by its nature.
SELECT
    count(*) FILTER (WHERE v.visit_occurrence_id IS NULL) AS failing,
    count(*) AS total
FROM omop.condition_occurrence AS c
LEFT JOIN omop.visit_occurrence AS v USING (visit_occurrence_id)
