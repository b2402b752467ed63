-- severity: info
-- each: omop.condition_occurrence=condition omop.drug_exposure=drug omop.procedure_occurrence=procedure
-- each: omop.device_exposure=device omop.measurement=measurement omop.observation=observation omop.note=note
-- tables: {table} omop.visit_occurrence
-- reason: without-visit
-- What names no visit, or one that is not there: a problem list has such by its nature.
SELECT
    count(*) FILTER (WHERE v.visit_occurrence_id IS NULL) AS failing,
    count(*) AS total
FROM {table} AS e
LEFT JOIN omop.visit_occurrence AS v USING (visit_occurrence_id)
