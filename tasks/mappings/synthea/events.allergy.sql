-- source: synthea.allergy
-- One event for each row of allergies.csv: the substance, its reaction as the value, a second reaction as the qualifier.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    'Observation' AS domain,
    32817 AS type_concept_id,  -- EHR
    system AS vocabulary,
    code,
    description AS display,
    start_date,
    start_datetime,
    end_date,
    end_datetime,
    CASE WHEN reaction1 IS NOT NULL THEN 'SNOMED' END AS value_vocabulary,
    reaction1 AS value_code,
    nullif(concat_ws(', ', reaction1_words, lower(severity1)), '') AS value_display,
    CASE WHEN reaction2 IS NOT NULL THEN 'SNOMED' END AS modifier_vocabulary,
    reaction2 AS modifier_code,
    nullif(concat_ws(', ', reaction2_words, lower(severity2)), '') AS modifier_display
FROM synthea_allergy
