-- source: synthea.observation
-- One event for each row of observations.csv: vital signs, laboratory and examinations are measured, all else is stated.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    CASE
        WHEN category IN ('vital-signs', 'laboratory', 'exam', 'imaging', 'procedure') THEN 'Measurement'
        ELSE 'Observation'
    END AS domain,
    32817 AS type_concept_id,  -- EHR
    system AS vocabulary,
    code,
    description AS display,
    start_date,
    start_datetime,
    value_number,
    value_text,
    CASE WHEN value_code IS NOT NULL THEN 'SNOMED' END AS value_vocabulary,
    value_code,
    units AS unit,
    units AS unit_code  -- Synthea writes UCUM
FROM synthea_observation
