-- severity: info
-- each: omop.condition_occurrence=condition omop.drug_exposure=drug omop.procedure_occurrence=procedure
-- each: omop.device_exposure=device omop.measurement=measurement omop.observation=observation omop.specimen=specimen
-- each: omop.note=note
-- tables: {table} omop.observation_period
-- reason: outside-observation-period
-- Of a day on which no source vouches for the person's data: an analysis by observation periods does not see it.
SELECT
    count(*) FILTER (
        WHERE NOT EXISTS (
            SELECT 1 FROM omop.observation_period AS p
            WHERE p.person_id = e.person_id
                AND e.{date} BETWEEN p.observation_period_start_date AND p.observation_period_end_date
        )
    ) AS failing,
    count(*) AS total
FROM {table} AS e
