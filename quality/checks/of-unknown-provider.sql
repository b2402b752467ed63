-- severity: warning
-- each: omop.visit_occurrence=visit omop.visit_detail=visit-detail omop.condition_occurrence=condition
-- each: omop.drug_exposure=drug omop.procedure_occurrence=procedure omop.device_exposure=device
-- each: omop.measurement=measurement omop.observation=observation omop.note=note
-- tables: {table} omop.provider
-- reason: unknown-provider
-- What names a provider of whom no source says anything.
SELECT
    count(*) FILTER (WHERE p.provider_id IS NULL) AS failing,
    count(*) AS total
FROM {table} AS e
LEFT JOIN omop.provider AS p USING (provider_id)
WHERE e.provider_id IS NOT NULL
