-- source: synthea.immunization
-- One event for each row of immunizations.csv: a vaccine that was given.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    'Drug' AS domain,
    32818 AS type_concept_id,  -- EHR administration record
    system AS vocabulary,
    code,
    description AS display,
    start_date,
    start_datetime
FROM synthea_immunization
