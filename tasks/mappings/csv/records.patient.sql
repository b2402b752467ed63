-- source: csv.patient
-- One row for each patient, as the file states it; omop.person and omop.death are derived from these.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    updated_datetime,
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
    CASE lower(gender) WHEN 'm' THEN 8507 WHEN 'male' THEN 8507 WHEN 'f' THEN 8532 WHEN 'female' THEN 8532 END::BIGINT
        AS gender_concept_id
FROM csv_patient
