-- source: hl7v2.result
-- One event for each OBX with a result; observed when OBX-14 says, else at the time of its request.
SELECT
    _record, _owner, _version, _digest,
    event_id,
    person_id,
    visit_id AS visit_occurrence_id,
    provider_id,
    domain,
    32817 AS type_concept_id,  -- EHR
    system AS vocabulary,
    code,
    coalesce(display, text) AS display,
    start_date,
    start_datetime,
    status,
    value_number,
    -- a value that is a date is shifted like every other; under safe_harbor its year is all that is left
    coalesce(
        value_free,
        CASE WHEN value_datetime IS NULL AND getvariable('profile') = 'safe_harbor' THEN year(value_date)::VARCHAR
            ELSE coalesce(strftime(value_datetime, '%Y-%m-%dT%H:%M:%S'), value_date::VARCHAR) END
    ) AS value_text,
    value_system AS value_vocabulary,
    value_code,
    coalesce(value_display, value_text) AS value_display,
    operator,
    unit,
    unit_code,
    range_low,
    range_high,
    -- how the source judges the value: H, L, A and so on
    CASE WHEN flag IS NOT NULL THEN 'HL70078' END AS modifier_vocabulary,
    flag AS modifier_code
FROM hl7v2_result
