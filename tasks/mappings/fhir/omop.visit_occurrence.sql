-- source: fhir.encounter
-- One visit for each Encounter that is no part of another; one that has not ended ends on the day it began, as the CDM
-- requires an end.
SELECT
    _record, _owner, _version, _digest,
    encounter_id AS visit_occurrence_id,
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
    coalesce(organization_id, place_id) AS care_site_id,
    -- kept whole: the CDM's 50 characters are a limit of its reference database, not of this lake
    coalesce(type_code, type_text, class_code) AS visit_source_value,
    0::BIGINT AS visit_source_concept_id,
    -- HL7's codes for admit source; home is no place of care
    CASE admit_code
        WHEN 'emd' THEN 9203       -- Emergency Room Visit
        WHEN 'outp' THEN 9202      -- Outpatient Visit
        WHEN 'hosp-trans' THEN 8717  -- Inpatient Hospital
        WHEN 'nursing' THEN 8676   -- Nursing Facility
        WHEN 'psych' THEN 8971     -- Inpatient Psychiatric Facility
        WHEN 'rehab' THEN 8920     -- Comprehensive Inpatient Rehabilitation Facility
        ELSE CASE WHEN coalesce(admit_code, admit_text) IS NOT NULL THEN 0 END
    END::BIGINT AS admitted_from_concept_id,
    coalesce(admit_code, admit_text) AS admitted_from_source_value,
    CASE discharge_code
        WHEN 'hosp' THEN 8546      -- Hospice
        WHEN 'snf' THEN 8863       -- Skilled Nursing Facility
        WHEN 'psy' THEN 8971
        WHEN 'rehab' THEN 8920
        ELSE CASE WHEN coalesce(discharge_code, discharge_text) IS NOT NULL THEN 0 END
    END::BIGINT AS discharged_to_concept_id,
    coalesce(discharge_code, discharge_text) AS discharged_to_source_value,
    CASE WHEN type_code IS NOT NULL THEN type_system END AS source_vocabulary,
    coalesce(type_display, type_text) AS source_display
FROM fhir_encounter
WHERE part_of_id IS NULL
