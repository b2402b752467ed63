-- source: synthea.encounter, synthea.medication, synthea.procedure, synthea.immunization
-- One row for each record with an amount: the total that was charged, else the price, and what the payer paid of it.
SELECT
    _record, _owner, _version, _digest,
    record_id AS cost_id,
    record_id AS cost_event_id,
    cost_domain AS cost_domain_id,
    32817::BIGINT AS cost_type_concept_id,   -- EHR
    44818668::BIGINT AS currency_concept_id,  -- US dollar
    coalesce(total_cost, base_cost) AS total_charge,
    payer_coverage AS paid_by_payer
FROM source_rows
WHERE coalesce(total_cost, base_cost, payer_coverage) IS NOT NULL
