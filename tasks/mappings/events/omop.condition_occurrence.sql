-- source: events.routed
-- Conditions: problems, diagnoses and findings.
SELECT
    _record, _owner, _version, _digest,
    row_id AS condition_occurrence_id,
    person_id,
    concept_id AS condition_concept_id,
    start_date AS condition_start_date,
    start_datetime AS condition_start_datetime,
    end_date AS condition_end_date,
    end_datetime AS condition_end_datetime,
    type_concept_id AS condition_type_concept_id,
    0::BIGINT AS condition_status_concept_id,
    stop_reason,
    provider_id,
    visit_occurrence_id,
    visit_detail_id,
    -- the code as the source has it, else its words
    coalesce(code, display) AS condition_source_value,
    source_concept_id AS condition_source_concept_id,
    status AS condition_status_source_value,
    vocabulary AS source_vocabulary,
    display AS source_display
FROM events_routed
WHERE target = 'condition_occurrence'
