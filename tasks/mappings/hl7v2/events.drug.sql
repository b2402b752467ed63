-- source: hl7v2.drug
-- One event for each drug given, dispensed or prescribed; a vaccine that was refused is an observation of the refusal.
SELECT
    _record, _owner, _version, _digest,
    event_id,
    person_id,
    visit_id AS visit_occurrence_id,
    provider_id,
    CASE WHEN refused THEN 'Observation' ELSE 'Drug' END AS domain,
    CASE
        WHEN refused THEN 32817
        WHEN kind = 'RXA' THEN 32818   -- EHR administration record
        WHEN kind = 'RXD' THEN 32825   -- EHR dispensing record
        ELSE 32838                     -- EHR prescription
    END AS type_concept_id,
    -- a refusal under the drug's own code would be routed to exposures
    CASE WHEN refused THEN coalesce(refusal_system, 'HL70322') ELSE system END AS vocabulary,
    CASE WHEN refused THEN coalesce(refusal_code, status) ELSE code END AS code,
    CASE WHEN refused THEN coalesce(refusal_display, refusal_text, 'refused') ELSE coalesce(display, text) END AS display,
    start_date,
    start_datetime,
    CASE WHEN NOT refused THEN end_date END AS end_date,
    CASE WHEN NOT refused THEN end_datetime END AS end_datetime,
    status,
    CASE WHEN refused THEN system END AS value_vocabulary,
    CASE WHEN refused THEN code END AS value_code,
    CASE WHEN refused THEN coalesce(display, text) END AS value_display,
    CASE WHEN NOT refused THEN quantity END AS quantity,
    refills,
    sig,
    route_system AS route_vocabulary,
    route_code,
    coalesce(route_display, route_text) AS route_display,
    dose_unit,
    lot_number
FROM (
    SELECT *, coalesce(status = 'RE', false) OR refusal_code IS NOT NULL OR refusal_text IS NOT NULL AS refused
    FROM hl7v2_drug
)
