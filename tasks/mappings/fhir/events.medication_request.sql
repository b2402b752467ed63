-- source: fhir.medication_request
-- One event for each MedicationRequest that was ordered; plans, drafts and prohibitions have no row here.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    'Drug' AS domain,
    32838 AS type_concept_id,  -- EHR prescription
    -- a Medication that is a record of its own is named by its id: its code comes with it (tasks.referring)
    CASE WHEN code IS NULL AND medication_id IS NOT NULL THEN 'Medication' ELSE code_system END AS vocabulary,
    coalesce(code, medication_id::VARCHAR) AS code,
    coalesce(code_display, code_text) AS display,
    coalesce(start_date, valid_start_date) AS start_date,
    CASE WHEN start_date IS NULL THEN valid_start_datetime ELSE start_datetime END AS start_datetime,
    -- how long the prescription is valid stands in for how long the drug is taken where no supply is told
    CASE WHEN days_supply IS NULL AND end_date >= coalesce(start_date, valid_start_date) THEN end_date END AS end_date,
    CASE WHEN days_supply IS NULL AND end_date >= coalesce(start_date, valid_start_date) THEN end_datetime END
        AS end_datetime,
    CASE WHEN status = 'stopped' THEN status END AS stop_reason,
    quantity,
    days_supply,
    refills,
    status,
    sig,
    route_system AS route_vocabulary,
    route_code,
    coalesce(route_display, route_text) AS route_display,
    dose_unit
FROM fhir_medication_request
