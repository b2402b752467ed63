-- source: fhir.specimen
-- One event for each Specimen, when it was collected, else received.
SELECT
    _record, _owner, _version, _digest,
    specimen_id AS event_id,
    person_id,
    provider_id,
    'Specimen' AS domain,
    32817 AS type_concept_id,  -- EHR
    code_system AS vocabulary,
    code,
    coalesce(code_display, code_text) AS display,
    coalesce(start_date, received_date) AS start_date,
    CASE WHEN start_date IS NULL THEN received_datetime ELSE start_datetime END AS start_datetime,
    status,
    quantity,
    unit,
    site_system AS modifier_vocabulary,
    site_code AS modifier_code,
    coalesce(site_display, site_text) AS modifier_display
FROM fhir_specimen
