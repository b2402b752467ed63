-- source: omop.patient
-- One row for each PERSON and one for each DEATH, with the concepts that the source states.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    birth_date,
    birth_precision,
    year_of_birth,
    death_date,
    death_datetime,
    CASE WHEN death_date IS NOT NULL THEN TRUE END AS is_deceased,
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
