-- severity: warning
-- each: omop.visit_occurrence=visit omop.visit_detail=visit-detail omop.condition_occurrence=condition
-- each: omop.drug_exposure=drug omop.procedure_occurrence=procedure omop.device_exposure=device
-- each: omop.measurement=measurement omop.observation=observation omop.specimen=specimen omop.note=note
-- tables: {table} omop.person
-- reason: without-person
-- Of a person who has no row of their own, as when no Patient record of theirs was accepted.
SELECT
    count(*) FILTER (WHERE p.person_id IS NULL) AS failing,
    count(*) AS total
FROM {table} AS e
LEFT JOIN omop.person AS p USING (person_id)
