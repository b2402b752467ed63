-- source: events.routed
-- Devices used or implanted. Unique device identifiers are kept out: they name one device, and so one person.
SELECT
    _record, _owner, _version, _digest,
    row_id AS device_exposure_id,
    person_id,
    concept_id AS device_concept_id,
    start_date AS device_exposure_start_date,
    start_datetime AS device_exposure_start_datetime,
    end_date AS device_exposure_end_date,
    end_datetime AS device_exposure_end_datetime,
    type_concept_id AS device_type_concept_id,
    device_id AS unique_device_id,
    NULL::VARCHAR AS production_id,
    quantity::INTEGER AS quantity,
    provider_id,
    visit_occurrence_id,
    visit_detail_id,
    coalesce(code, display) AS device_source_value,
    source_concept_id AS device_source_concept_id,
    unit_concept_id,
    unit AS unit_source_value,
    unit_source_concept_id,
    vocabulary AS source_vocabulary,
    display AS source_display
FROM events_routed
WHERE target = 'device_exposure'
