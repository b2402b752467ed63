-- source: fhir.condition
-- One event for each Condition; it starts at its onset, or where none is stated when it was recorded.
SELECT
    _record, _owner, _version, _digest,
    condition_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    'Condition' AS domain,
    CASE category
        WHEN 'problem-list-item' THEN 32840     -- EHR problem list
        WHEN 'encounter-diagnosis' THEN 32827   -- EHR encounter record
        ELSE 32817                              -- EHR
    END AS type_concept_id,
    code_system AS vocabulary,
    code,
    coalesce(code_display, code_text) AS display,
    coalesce(onset_date, recorded_date) AS start_date,
    CASE WHEN onset_date IS NULL THEN recorded_datetime ELSE onset_datetime END AS start_datetime,
    abatement_date AS end_date,
    abatement_datetime AS end_datetime,
    verification_status AS status,
    -- why it is no longer valid, in FHIR's words
    CASE WHEN clinical_status IN ('inactive', 'remission', 'resolved') THEN clinical_status END AS stop_reason
FROM fhir_condition
