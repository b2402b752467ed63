-- source: synthea.medication
-- One event for each row of medications.csv: a prescription, with how often it was dispensed.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    'Drug' AS domain,
    32838 AS type_concept_id,  -- EHR prescription
    system AS vocabulary,
    code,
    description AS display,
    start_date,
    start_datetime,
    end_date,
    end_datetime,
    -- the first dispense is no refill
    greatest(dispenses - 1, 0)::INTEGER AS refills
FROM synthea_medication
