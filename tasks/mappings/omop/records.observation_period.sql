-- source: omop.observation_period
-- One row for each OBSERVATION_PERIOD: what the source itself vouches for.
SELECT
    _record, _owner, _version, _digest,
    observation_period_id AS record_id,
    person_id,
    observation_period_start_date AS start_date,
    observation_period_end_date AS end_date,
    coalesce(period_type_concept_id, 0) AS period_type_concept_id
FROM omop_observation_period
