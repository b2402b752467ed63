-- source: ccda.visit
-- One visit for each encounter; one that has not ended ends on the day it began, as the CDM requires an end.
SELECT
    _record, _owner, _version, _digest,
    event_id AS visit_occurrence_id,
    person_id,
    -- HL7 v3 ActCode to OMOP's Visit domain
    CASE class_code
        WHEN 'AMB' THEN 9202       -- Outpatient Visit
        WHEN 'EMER' THEN 9203      -- Emergency Room Visit
        WHEN 'IMP' THEN 9201       -- Inpatient Visit
        WHEN 'ACUTE' THEN 9201
        WHEN 'NONAC' THEN 9201
        WHEN 'HH' THEN 581476      -- Home Visit
        WHEN 'VR' THEN 722455      -- Telehealth, as HL7's FHIR to OMOP guide has it
        WHEN 'OBSENC' THEN 581385  -- Observation Room
        ELSE 0
    END::BIGINT AS visit_concept_id,
    start_date AS visit_start_date,
    start_datetime AS visit_start_datetime,
    coalesce(greatest(end_date, start_date), start_date) AS visit_end_date,
    CASE WHEN end_date IS NULL THEN start_datetime ELSE end_datetime END AS visit_end_datetime,
    32817::BIGINT AS visit_type_concept_id,  -- EHR
    provider_id,
    care_site_id,
    coalesce(code, text, class_code) AS visit_source_value,
    0::BIGINT AS visit_source_concept_id,
    CASE WHEN disposition IS NOT NULL THEN 0 END::BIGINT AS discharged_to_concept_id,
    disposition AS discharged_to_source_value,
    CASE WHEN code IS NOT NULL THEN system END AS source_vocabulary,
    coalesce(display, text) AS source_display
FROM ccda_visit
