-- severity: warning
-- each: omop.visit_detail=visit-detail omop.condition_occurrence=condition omop.drug_exposure=drug
-- each: omop.procedure_occurrence=procedure omop.device_exposure=device omop.measurement=measurement
-- each: omop.observation=observation omop.note=note
-- tables: {table} omop.visit_occurrence
-- reason: unknown-visit
-- What names a visit that is not there, or another person's.
SELECT
    count(*) FILTER (WHERE v.visit_occurrence_id IS NULL OR v.person_id <> e.person_id) AS failing,
    count(*) AS total
FROM {table} AS e
LEFT JOIN omop.visit_occurrence AS v USING (visit_occurrence_id)
WHERE e.visit_occurrence_id IS NOT NULL
