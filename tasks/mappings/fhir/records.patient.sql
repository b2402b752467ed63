-- source: fhir.patient
-- One row for each Patient resource, as its source states it; omop.person and omop.death are derived from these.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    updated AS updated_datetime,
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
    -- the OMB category's code where there is one, else its text as the source words it
    coalesce(race_code, race_text) AS race_source_value,
    coalesce(ethnicity_code, ethnicity_text) AS ethnicity_source_value,
    zip3,
    state,
    NULL::BIGINT AS gender_concept_id,
    NULL::BIGINT AS race_concept_id,
    NULL::BIGINT AS ethnicity_concept_id,
    NULL::BIGINT AS location_id,
    NULL::BIGINT AS provider_id,
    NULL::BIGINT AS care_site_id,
    NULL::BIGINT AS death_type_concept_id,
    NULL::BIGINT AS cause_concept_id,
    NULL::VARCHAR AS cause_source_value,
    NULL::BIGINT AS cause_source_concept_id
FROM fhir_patient
