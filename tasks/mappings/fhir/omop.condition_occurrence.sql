-- source: fhir.condition
-- One condition for each Condition; it starts at its onset, or where none is stated when it was recorded.
SELECT
    _record, _owner, _version, _digest,
    condition_id AS condition_occurrence_id,
    person_id,
    0::BIGINT AS condition_concept_id,  -- no vocabulary at hand: the source value says what it is
    coalesce(onset_date, recorded_date) AS condition_start_date,
    CASE WHEN onset_date IS NULL THEN recorded_datetime ELSE onset_datetime END AS condition_start_datetime,
    abatement_date AS condition_end_date,
    abatement_datetime AS condition_end_datetime,
    32817::BIGINT AS condition_type_concept_id,  -- EHR
    0::BIGINT AS condition_status_concept_id,
    -- why it is no longer valid, in FHIR's words
    CASE WHEN clinical_status IN ('inactive', 'remission', 'resolved') THEN clinical_status END AS stop_reason,
    NULL::BIGINT AS provider_id,
    encounter_id AS visit_occurrence_id,
    NULL::BIGINT AS visit_detail_id,
    -- the code, kept whole; the text only where the source gives no code
    -- the code first, then the terminology's words for it
    coalesce(code || ' ' || code_display, code, code_text) AS condition_source_value,
    0::BIGINT AS condition_source_concept_id,
    verification_status AS condition_status_source_value
FROM fhir_condition
