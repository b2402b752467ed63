-- source: ccda.procedure
-- One event for each procedure that was done.
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
    CASE WHEN end_date >= start_date THEN end_date END AS end_date,
    CASE WHEN end_date >= start_date THEN end_datetime END AS end_datetime,
    status,
    -- where on the body
    site_system AS modifier_vocabulary,
    site_code AS modifier_code,
    coalesce(site_display, site_text) AS modifier_display
FROM ccda_procedure
