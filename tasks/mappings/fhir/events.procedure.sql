-- source: fhir.procedure
-- One event for each Procedure that was begun; one that was never done has no row here.
SELECT
    _record, _owner, _version, _digest,
    procedure_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    'Procedure' AS domain,
    32817 AS type_concept_id,  -- EHR
    code_system AS vocabulary,
    code,
    coalesce(code_display, code_text) AS display,
    start_date,
    start_datetime,
    end_date,
    end_datetime,
    status,
    site_system AS modifier_vocabulary,
    site_code AS modifier_code,
    coalesce(site_display, site_text) AS modifier_display
FROM fhir_procedure
