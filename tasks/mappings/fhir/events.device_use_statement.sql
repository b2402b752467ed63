-- source: fhir.device_use_statement
-- One event for each DeviceUseStatement. A Device that is a record of its own is named by its id: its code comes with it
-- (tasks.referring).
SELECT
    _record, _owner, _version, _digest,
    device_use_id AS event_id,
    person_id,
    provider_id,
    'Device' AS domain,
    32817 AS type_concept_id,  -- EHR
    CASE WHEN code IS NULL AND device_id IS NOT NULL THEN 'Device' ELSE code_system END AS vocabulary,
    coalesce(code, device_id::VARCHAR) AS code,
    coalesce(code_display, code_text) AS display,
    coalesce(start_date, recorded_date) AS start_date,
    CASE WHEN start_date IS NULL THEN recorded_datetime ELSE start_datetime END AS start_datetime,
    end_date,
    end_datetime,
    status,
    site_system AS modifier_vocabulary,
    site_code AS modifier_code,
    coalesce(site_display, site_text) AS modifier_display
FROM fhir_device_use_statement
