-- source: hl7v2.diagnosis
-- One event for each DG1; it starts when the diagnosis was made, else with the visit.
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
    kind AS status             -- admitting (A), working (W), final (F): HL7 table 0052
FROM hl7v2_diagnosis
