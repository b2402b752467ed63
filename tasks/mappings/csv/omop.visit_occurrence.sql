-- source: csv.visit
-- One visit for each record; one that has not ended ends on the day it began, as the CDM requires an end.
SELECT
    _record, _owner, _version, _digest,
    record_id AS visit_occurrence_id,
    person_id,
    CASE class
        WHEN 'inpatient' THEN 9201
        WHEN 'outpatient' THEN 9202
        WHEN 'emergency' THEN 9203
        WHEN 'emergency-inpatient' THEN 262
        WHEN 'home' THEN 581476
        WHEN 'telehealth' THEN 722455
        ELSE 0
    END::BIGINT AS visit_concept_id,
    start_date AS visit_start_date,
    start_datetime AS visit_start_datetime,
    coalesce(greatest(end_date, start_date), start_date) AS visit_end_date,
    CASE WHEN end_date IS NULL THEN start_datetime ELSE end_datetime END AS visit_end_datetime,
    32817::BIGINT AS visit_type_concept_id,  -- EHR
    provider_id,
    place_id AS care_site_id,
    coalesce(code, display_text, class) AS visit_source_value,
    0::BIGINT AS visit_source_concept_id,
    CASE WHEN code IS NOT NULL THEN vocabulary END AS source_vocabulary,
    coalesce(display, display_text) AS source_display
FROM csv_visit
