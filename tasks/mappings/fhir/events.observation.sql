-- source: fhir.observation
-- One event for each Observation, and one for each of its components, which names the whole as its parent.
WITH parts AS (
    SELECT
        _record, _owner, _version, _digest, person_id, encounter_id, provider_id, category, status,
        start_date, start_datetime, end_date, end_datetime,
        observation_id AS event_id,
        NULL::BIGINT AS parent_event_id,
        code_system, code, code_display, code_text,
        value_number, operator, unit, unit_code, value_text, value_system, value_code, value_display,
        range_low, range_high,
        interpretation_system, interpretation_code, interpretation_display, interpretation_text
    FROM fhir_observation
    UNION ALL
    SELECT
        _record, _owner, _version, _digest, person_id, encounter_id, provider_id, category, status,
        start_date, start_datetime, end_date, end_datetime,
        unnest(component_ids),
        observation_id,
        unnest(component_code_system),
        unnest(component_code),
        unnest(component_code_display),
        unnest(component_code_text),
        unnest(component_value_number),
        unnest(component_operator),
        unnest(component_unit),
        unnest(component_unit_code),
        unnest(component_value_text),
        unnest(component_value_system),
        unnest(component_value_code),
        unnest(component_value_display),
        unnest(component_range_low),
        unnest(component_range_high),
        unnest(component_interpretation_system),
        unnest(component_interpretation_code),
        unnest(component_interpretation_display),
        unnest(component_interpretation_text)
    FROM fhir_observation
    WHERE len(component_ids) > 0
)
SELECT
    _record, _owner, _version, _digest,
    event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    CASE
        WHEN category IN ('laboratory', 'vital-signs', 'imaging') THEN 'Measurement'
        -- an examination, or what has no category, is told by whether there is a number
        WHEN (category = 'exam' OR category IS NULL) AND value_number IS NOT NULL THEN 'Measurement'
        -- and a questionnaire's item by whether it has a unit of measure: a score ({score}) has none
        WHEN category = 'survey' AND value_number IS NOT NULL AND coalesce(unit_code, unit) NOT LIKE '{%'
            THEN 'Measurement'
        ELSE 'Observation'
    END AS domain,
    CASE category WHEN 'laboratory' THEN 32856 ELSE 32817 END AS type_concept_id,  -- Lab, EHR
    code_system AS vocabulary,
    code,
    coalesce(code_display, code_text) AS display,
    start_date,
    start_datetime,
    end_date,
    end_datetime,
    status,
    value_number,
    CASE WHEN value_code IS NULL THEN value_text END AS value_text,
    -- where nothing but the interpretation is told, it is the result
    CASE WHEN value_number IS NULL AND value_text IS NULL AND value_code IS NULL THEN interpretation_system
        ELSE value_system END AS value_vocabulary,
    CASE WHEN value_number IS NULL AND value_text IS NULL AND value_code IS NULL THEN interpretation_code
        ELSE value_code END AS value_code,
    CASE
        WHEN value_number IS NULL AND value_text IS NULL AND value_code IS NULL
            THEN coalesce(interpretation_display, interpretation_text)
        WHEN value_code IS NOT NULL THEN coalesce(value_display, value_text)
    END AS value_display,
    operator,
    unit,
    unit_code,
    range_low,
    range_high,
    interpretation_system AS modifier_vocabulary,
    interpretation_code AS modifier_code,
    coalesce(interpretation_display, interpretation_text) AS modifier_display,
    parent_event_id
FROM parts
