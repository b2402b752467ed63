-- source: fhir.medication_administration
-- One event for each MedicationAdministration that took place.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    'Drug' AS domain,
    32818 AS type_concept_id,  -- EHR administration record
    -- a Medication that is a record of its own is named by its id: its code comes with it (tasks.referring)
    CASE WHEN code IS NULL AND medication_id IS NOT NULL THEN 'Medication' ELSE code_system END AS vocabulary,
    coalesce(code, medication_id::VARCHAR) AS code,
    coalesce(code_display, code_text) AS display,
    start_date,
    start_datetime,
    end_date,
    end_datetime,
    CASE WHEN status = 'stopped' THEN status END AS stop_reason,
    quantity,
    status,
    sig,
    route_system AS route_vocabulary,
    route_code,
    coalesce(route_display, route_text) AS route_display,
    dose_unit
FROM fhir_medication_administration
