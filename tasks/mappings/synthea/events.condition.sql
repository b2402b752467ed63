-- source: synthea.condition
-- One event for each row of conditions.csv.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    'Condition' AS domain,
    32817 AS type_concept_id,  -- EHR
    system AS vocabulary,
    code,
    description AS display,
    start_date,
    start_datetime,
    end_date,
    end_datetime
FROM synthea_condition
