-- source: events.routed
-- Observations: what is stated of a person and is none of the other kinds.
SELECT
    _record, _owner, _version, _digest,
    row_id AS observation_id,
    person_id,
    concept_id AS observation_concept_id,
    start_date AS observation_date,
    start_datetime AS observation_datetime,
    type_concept_id AS observation_type_concept_id,
    value_number AS value_as_number,
    coalesce(value_text, value_display) AS value_as_string,
    value_concept_id AS value_as_concept_id,
    modifier_concept_id AS qualifier_concept_id,
    unit_concept_id,
    provider_id,
    visit_occurrence_id,
    visit_detail_id,
    coalesce(code, display) AS observation_source_value,
    source_concept_id AS observation_source_concept_id,
    unit AS unit_source_value,
    coalesce(modifier_code, modifier_display) AS qualifier_source_value,
    coalesce(value_code, value_text, value_display, value_number::VARCHAR) AS value_source_value,
    parent_event_id AS observation_event_id,
    -- 1147165: the event is a row of observation
    CASE WHEN parent_event_id IS NOT NULL THEN 1147165 END::BIGINT AS obs_event_field_concept_id,
    vocabulary AS source_vocabulary,
    display AS source_display
FROM events_routed
WHERE target = 'observation'
