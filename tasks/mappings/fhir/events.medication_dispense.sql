-- source: fhir.medication_dispense
-- One event for each MedicationDispense that was handed over or prepared.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    'Drug' AS domain,
    32825 AS type_concept_id,  -- EHR dispensing record
    -- a Medication that is a record of its own is named by its id: its code comes with it (tasks.referring)
    CASE WHEN code IS NULL AND medication_id IS NOT NULL THEN 'Medication' ELSE code_system END AS vocabulary,
    coalesce(code, medication_id::VARCHAR) AS code,
    coalesce(code_display, code_text) AS display,
    start_date,
    start_datetime,
    quantity,
    days_supply,
    status,
    sig,
    route_system AS route_vocabulary,
    route_code,
    coalesce(route_display, route_text) AS route_display,
    dose_unit
FROM fhir_medication_dispense
