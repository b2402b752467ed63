-- source: fhir.observation
-- One event for each Observation, and one for each of its components, which names the whole as its parent.
WITH whole AS (
    SELECT *, unnest(range(len(component_ids) + 1)) AS part  -- 0: the observation itself
    FROM fhir_observation
),
parts AS (
    SELECT
        _record, _owner, _version, _digest, person_id, encounter_id, provider_id, category, status,
        start_date, start_datetime, end_date, end_datetime,
        CASE part WHEN 0 THEN observation_id ELSE component_ids[part] END AS event_id,
        CASE WHEN part > 0 THEN observation_id END AS parent_event_id,
        CASE part WHEN 0 THEN code_system ELSE component_code_system[part] END AS code_system,
        CASE part WHEN 0 THEN code ELSE component_code[part] END AS code,
        CASE part WHEN 0 THEN code_display ELSE component_code_display[part] END AS code_display,
        CASE part WHEN 0 THEN code_text ELSE component_code_text[part] END AS code_text,
        CASE part WHEN 0 THEN value_number ELSE component_value_number[part] END AS value_number,
        CASE part WHEN 0 THEN operator ELSE component_operator[part] END AS operator,
        CASE part WHEN 0 THEN unit ELSE component_unit[part] END AS unit,
        CASE part WHEN 0 THEN unit_code ELSE component_unit_code[part] END AS unit_code,
        CASE part WHEN 0 THEN value_text ELSE component_value_text[part] END AS value_text,
        CASE part WHEN 0 THEN value_system ELSE component_value_system[part] END AS value_system,
        CASE part WHEN 0 THEN value_code ELSE component_value_code[part] END AS value_code,
        CASE part WHEN 0 THEN value_display ELSE component_value_display[part] END AS value_display,
        CASE part WHEN 0 THEN range_low ELSE component_range_low[part] END AS range_low,
        CASE part WHEN 0 THEN range_high ELSE component_range_high[part] END AS range_high,
        CASE part WHEN 0 THEN interpretation_system ELSE component_interpretation_system[part] END AS interpretation_system,
        CASE part WHEN 0 THEN interpretation_code ELSE component_interpretation_code[part] END AS interpretation_code,
        CASE part WHEN 0 THEN interpretation_display ELSE component_interpretation_display[part] END AS interpretation_display,
        CASE part WHEN 0 THEN interpretation_text ELSE component_interpretation_text[part] END AS interpretation_text
    FROM whole
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
    -- an age over 89 told as a value (LOINC: age, reported, calculated, estimated) is grouped like any other
    CASE
        WHEN getvariable('profile') = 'safe_harbor' AND value_number > 89 AND code_system = 'LOINC'
            AND code IN ('30525-0', '21612-7', '29553-5', '21611-9') THEN 90
        ELSE value_number
    END AS value_number,
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
