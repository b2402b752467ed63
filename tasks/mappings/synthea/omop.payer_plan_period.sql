-- source: synthea.payer_transition
-- One period for each row of payer_transitions.csv. The payer is named by its id in the export (records.unmapped: payer).
SELECT
    _record, _owner, _version, _digest,
    record_id AS payer_plan_period_id,
    person_id,
    start_date AS payer_plan_period_start_date,
    coalesce(greatest(end_date, start_date), start_date) AS payer_plan_period_end_date,
    0::BIGINT AS payer_concept_id,
    payer AS payer_source_value
FROM synthea_payer_transition
