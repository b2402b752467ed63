-- source: ccda.condition
-- One event for each problem or diagnosis; what is denied has no row here.
SELECT
    _record, _owner, _version, _digest,
    event_id,
    person_id,
    visit_id AS visit_occurrence_id,
    provider_id,
    'Condition' AS domain,
    32817 AS type_concept_id,  -- EHR
    system AS vocabulary,
    code,
    coalesce(display, text) AS display,
    start_date,
    start_datetime,
    CASE WHEN end_date >= start_date THEN end_date END AS end_date,
    CASE WHEN end_date >= start_date THEN end_datetime END AS end_datetime,
    clinical_status AS status
FROM ccda_condition
