-- source: ccda.drug
-- One event for each drug listed, prescribed, given or dispensed; one that was refused is an observation of the refusal.
SELECT
    _record, _owner, _version, _digest,
    event_id,
    person_id,
    visit_id AS visit_occurrence_id,
    provider_id,
    CASE WHEN refused THEN 'Observation' ELSE 'Drug' END AS domain,
    CASE kind
        WHEN 'given' THEN 32818        -- EHR administration record
        WHEN 'dispensed' THEN 32825    -- EHR dispensing record
        WHEN 'prescribed' THEN 32838   -- EHR prescription
        WHEN 'listed' THEN 32830       -- EHR medication list
        ELSE 32817
    END AS type_concept_id,
    -- a refusal under the drug's own code would be routed to exposures
    CASE WHEN refused THEN refusal_system ELSE system END AS vocabulary,
    CASE WHEN refused THEN refusal_code ELSE code END AS code,
    CASE WHEN refused THEN coalesce(refusal_display, refusal_text, 'not given') ELSE coalesce(display, text) END
        AS display,
    start_date,
    start_datetime,
    CASE WHEN NOT refused AND end_date >= start_date THEN end_date END AS end_date,
    CASE WHEN NOT refused AND end_date >= start_date THEN end_datetime END AS end_datetime,
    status,
    CASE WHEN status IN ('aborted', 'suspended') THEN status END AS stop_reason,
    CASE WHEN refused THEN system END AS value_vocabulary,
    CASE WHEN refused THEN code END AS value_code,
    CASE WHEN refused THEN coalesce(display, text) END AS value_display,
    CASE WHEN NOT refused THEN quantity END AS quantity,
    days_supply,
    refills,
    sig,
    route_system AS route_vocabulary,
    route_code,
    coalesce(route_display, route_text) AS route_display,
    dose_unit,
    lot_number
FROM (SELECT *, kind = 'refused' AS refused FROM ccda_drug)
