-- source: fhir.patient
-- One row for each Patient resource, as its source states it; omop.person and omop.death are derived from these.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    updated AS updated_datetime,
    birth_date,
    birth_precision,
    year_of_birth,
    death_date,
    death_datetime,
    CASE WHEN death_date IS NOT NULL THEN TRUE ELSE deceased END AS is_deceased,
    gender AS gender_source_value,
    -- the OMB category's code where there is one, else its text as the source words it
    coalesce(race_code, race_text) AS race_source_value,
    coalesce(ethnicity_code, ethnicity_text) AS ethnicity_source_value,
    zip3,
    state,
    -- of de-identified values, so it needs no key; equal areas are one location
    CASE WHEN coalesce(zip3, state) IS NOT NULL THEN
        (md5_number_lower(concat_ws('|', 'area', coalesce(zip3, ''), coalesce(state, ''), '')) >> 1)::BIGINT
    END AS location_id,
    provider_id,
    organization_id AS care_site_id
FROM fhir_patient
