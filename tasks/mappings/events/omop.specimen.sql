-- source: events.routed
-- Specimens taken.
SELECT
    _record, _owner, _version, _digest,
    row_id AS specimen_id,
    person_id,
    concept_id AS specimen_concept_id,
    type_concept_id AS specimen_type_concept_id,
    start_date AS specimen_date,
    start_datetime AS specimen_datetime,
    quantity,
    unit_concept_id,
    modifier_concept_id AS anatomic_site_concept_id,
    NULL::BIGINT AS disease_status_concept_id,
    NULL::VARCHAR AS specimen_source_id,
    coalesce(code, display) AS specimen_source_value,
    unit AS unit_source_value,
    coalesce(modifier_code, modifier_display) AS anatomic_site_source_value,
    NULL::VARCHAR AS disease_status_source_value,
    vocabulary AS source_vocabulary,
    display AS source_display
FROM events_routed
WHERE target = 'specimen'
