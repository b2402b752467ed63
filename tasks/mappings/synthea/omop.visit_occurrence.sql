-- source: synthea.encounter
-- One visit for each encounter; one that has not ended ends on the day it began, as the CDM requires an end.
SELECT
    _record, _owner, _version, _digest,
    record_id AS visit_occurrence_id,
    person_id,
    CASE encounter_class
        WHEN 'inpatient' THEN 9201
        WHEN 'emergency' THEN 9203
        WHEN 'ambulatory' THEN 9202   -- Outpatient Visit
        WHEN 'outpatient' THEN 9202
        WHEN 'wellness' THEN 9202
        WHEN 'urgentcare' THEN 8782   -- Urgent Care Facility
        WHEN 'virtual' THEN 722455    -- Telehealth
        WHEN 'home' THEN 581476       -- Home Visit
        WHEN 'snf' THEN 8863          -- Skilled Nursing Facility
        WHEN 'hospice' THEN 8546      -- Hospice
        ELSE 0
    END::BIGINT AS visit_concept_id,
    start_date AS visit_start_date,
    start_datetime AS visit_start_datetime,
    coalesce(greatest(end_date, start_date), start_date) AS visit_end_date,
    CASE WHEN end_date IS NULL THEN start_datetime ELSE end_datetime END AS visit_end_datetime,
    32817::BIGINT AS visit_type_concept_id,  -- EHR
    provider_id,
    organization_id AS care_site_id,
    coalesce(code, encounter_class) AS visit_source_value,
    0::BIGINT AS visit_source_concept_id,
    system AS source_vocabulary,
    coalesce(description, encounter_class) AS source_display
FROM synthea_encounter
