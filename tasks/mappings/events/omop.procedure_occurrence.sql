-- source: events.routed
-- Procedures done.
SELECT
    _record, _owner, _version, _digest,
    row_id AS procedure_occurrence_id,
    person_id,
    concept_id AS procedure_concept_id,
    start_date AS procedure_date,
    start_datetime AS procedure_datetime,
    end_date AS procedure_end_date,
    end_datetime AS procedure_end_datetime,
    type_concept_id AS procedure_type_concept_id,
    modifier_concept_id,
    quantity::INTEGER AS quantity,
    provider_id,
    visit_occurrence_id,
    visit_detail_id,
    coalesce(code, display) AS procedure_source_value,
    source_concept_id AS procedure_source_concept_id,
    coalesce(modifier_code, modifier_display) AS modifier_source_value,
    vocabulary AS source_vocabulary,
    display AS source_display
FROM events_routed
WHERE target = 'procedure_occurrence'
