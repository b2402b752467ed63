-- source: events.routed
-- Measurements: laboratory results, vital signs, scores.
SELECT
    _record, _owner, _version, _digest,
    row_id AS measurement_id,
    person_id,
    concept_id AS measurement_concept_id,
    start_date AS measurement_date,
    start_datetime AS measurement_datetime,
    strftime(start_datetime, '%H:%M:%S') AS measurement_time,
    type_concept_id AS measurement_type_concept_id,
    operator_concept_id,
    value_number AS value_as_number,
    value_concept_id AS value_as_concept_id,
    unit_concept_id,
    range_low,
    range_high,
    provider_id,
    visit_occurrence_id,
    visit_detail_id,
    coalesce(code, display) AS measurement_source_value,
    source_concept_id AS measurement_source_concept_id,
    unit AS unit_source_value,
    unit_source_concept_id,
    coalesce(value_text, value_display, value_code, value_number::VARCHAR) AS value_source_value,
    parent_event_id AS measurement_event_id,
    -- 1147330: the event is a row of measurement
    CASE WHEN parent_event_id IS NOT NULL THEN 1147330 END::BIGINT AS meas_event_field_concept_id,
    vocabulary AS source_vocabulary,
    display AS source_display
FROM events_routed
WHERE target = 'measurement'
