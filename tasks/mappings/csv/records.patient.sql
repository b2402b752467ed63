-- source: csv.patient
-- One row for each patient, as the file states it; omop.person and omop.death are derived from these.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    updated_datetime,
    -- a year that stands for all ages over 89 leaves no exact date of birth beside it
    CASE WHEN abs(year(birth_date) - year_of_birth) > 1 THEN make_date(year_of_birth, 1, 1) ELSE birth_date END
        AS birth_date,
    -- under safe_harbor the year is all that is left of a date
    CASE
        WHEN getvariable('profile') = 'safe_harbor' OR abs(year(birth_date) - year_of_birth) > 1 THEN 'year'
        ELSE birth_precision
    END AS birth_precision,
    year_of_birth,
    death_date,
    death_datetime,
    gender AS gender_source_value,
    race AS race_source_value,
    ethnicity AS ethnicity_source_value,
    zip3,
    state,
    CASE lower(gender) WHEN 'm' THEN 8507 WHEN 'male' THEN 8507 WHEN 'f' THEN 8532 WHEN 'female' THEN 8532 END::BIGINT
        AS gender_concept_id
FROM csv_patient
