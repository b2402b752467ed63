-- source: synthea.patient
-- One row for each patient, as the export states it; omop.person and omop.death are derived from these.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    NULL::TIMESTAMP AS updated_datetime,
    birth_date,
    birth_precision,
    year_of_birth,
    death_date,
    death_datetime,
    CASE WHEN death_date IS NOT NULL THEN TRUE END AS is_deceased,
    gender AS gender_source_value,
    race AS race_source_value,
    ethnicity AS ethnicity_source_value,
    zip3,
    state,
    CASE gender WHEN 'M' THEN 8507 WHEN 'F' THEN 8532 END::BIGINT AS gender_concept_id,
    CASE race
        WHEN 'white' THEN 8527
        WHEN 'black' THEN 8516
        WHEN 'asian' THEN 8515
        WHEN 'native' THEN 8657    -- American Indian or Alaska Native
        WHEN 'hawaiian' THEN 8557  -- Native Hawaiian or Other Pacific Islander
    END::BIGINT AS race_concept_id,
    CASE ethnicity WHEN 'hispanic' THEN 38003563 WHEN 'nonhispanic' THEN 38003564 END::BIGINT
        AS ethnicity_concept_id
FROM synthea_patient
