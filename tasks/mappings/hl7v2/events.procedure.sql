-- source: hl7v2.procedure
-- One event for each PR1, and for each order that was carried out.
SELECT
    _record, _owner, _version, _digest,
    event_id,
    person_id,
    visit_id AS visit_occurrence_id,
    provider_id,
    'Procedure' AS domain,
    32817 AS type_concept_id,  -- EHR
    system AS vocabulary,
    code,
    coalesce(display, text) AS display,
    start_date,
    start_datetime,
    modifier_system AS modifier_vocabulary,
    modifier_code,
    coalesce(modifier_display, modifier_text) AS modifier_display
FROM hl7v2_procedure
