-- source: hl7v2.visit
-- One visit for each visit number; one that has not ended ends on the day it began, as the CDM requires an end.
SELECT
    _record, _owner, _version, _digest,
    event_id AS visit_occurrence_id,
    person_id,
    -- patient class (HL7 table 0004) to OMOP's Visit domain; a pre-admission (P) is no visit of any kind yet
    CASE class_code
        WHEN 'I' THEN 9201   -- Inpatient Visit
        WHEN 'E' THEN 9203   -- Emergency Room Visit
        WHEN 'O' THEN 9202   -- Outpatient Visit
        WHEN 'R' THEN 9202   -- recurring patient
        WHEN 'B' THEN 9201   -- obstetrics
        ELSE 0
    END::BIGINT AS visit_concept_id,
    start_date AS visit_start_date,
    start_datetime AS visit_start_datetime,
    coalesce(greatest(end_date, start_date), start_date) AS visit_end_date,
    CASE WHEN end_date IS NULL THEN start_datetime ELSE end_datetime END AS visit_end_datetime,
    32817::BIGINT AS visit_type_concept_id,  -- EHR
    provider_id,
    class_code AS visit_source_value,
    0::BIGINT AS visit_source_concept_id,
    admit_source AS admitted_from_source_value,
    disposition AS discharged_to_source_value,
    CASE WHEN class_code IS NOT NULL THEN 'HL70004' END AS source_vocabulary
FROM hl7v2_visit
