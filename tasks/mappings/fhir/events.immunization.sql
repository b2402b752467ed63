-- source: fhir.immunization
-- One event for each Immunization given; one that was not given has no row here.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    'Drug' AS domain,
    32817 AS type_concept_id,  -- EHR
    code_system AS vocabulary,
    code,
    coalesce(code_display, code_text) AS display,
    coalesce(start_date, recorded_date) AS start_date,
    CASE WHEN start_date IS NULL THEN recorded_datetime ELSE start_datetime END AS start_datetime,
    status,
    quantity,
    route_system AS route_vocabulary,
    route_code,
    coalesce(route_display, route_text) AS route_display,
    dose_unit,
    lot_number
FROM fhir_immunization
