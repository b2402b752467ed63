-- source: omop.patient
-- One row for each PERSON and one for each DEATH, with the concepts that the source states.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    -- a year that stands for all ages over 89 leaves no exact date of birth beside it
    CASE WHEN abs(year(birth_date) - year_of_birth) > 1 THEN make_date(year_of_birth, 1, 1) ELSE birth_date END
        AS birth_date,
    -- under safe_harbor the year is all that is left of a date
    CASE
        WHEN birth_date IS NULL THEN NULL
        WHEN getvariable('profile') = 'safe_harbor' OR abs(year(birth_date) - year_of_birth) > 1 THEN 'year'
        ELSE birth_precision
    END AS birth_precision,
    year_of_birth,
    death_date,
    death_datetime,
    gender_source_value,
    race_source_value,
    ethnicity_source_value,
    gender_concept_id,
    race_concept_id,
    ethnicity_concept_id,
    location_id,
    provider_id,
    care_site_id,
    death_type_concept_id,
    cause_concept_id,
    cause_source_value,
    cause_source_concept_id
FROM omop_patient
