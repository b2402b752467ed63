-- severity: warning
-- each: omop.visit_occurrence=visit omop.visit_detail=visit-detail omop.condition_occurrence=condition
-- each: omop.drug_exposure=drug omop.procedure_occurrence=procedure omop.device_exposure=device
-- each: omop.measurement=measurement omop.observation=observation omop.specimen=specimen omop.note=note
-- tables: {table} omop.death
-- reason: after-death
-- Of a later day than the person's death, as the certification of a death is.
SELECT
    count(*) FILTER (WHERE e.{date} > d.death_date) AS failing,
    count(*) AS total
FROM {table} AS e
JOIN omop.death AS d USING (person_id)
