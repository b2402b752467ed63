-- source: ccda.patient
-- One row for each patient number, as recordTarget states it; omop.person and omop.death are derived from these.
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
    coalesce(race_code, race_text) AS race_source_value,
    coalesce(ethnicity_code, ethnicity_text) AS ethnicity_source_value,
    zip3,
    state,
    -- of de-identified values, so it needs no key; equal areas are one location
    CASE WHEN coalesce(zip3, state) IS NOT NULL THEN
        (md5_number_lower(concat_ws('|', 'area', coalesce(zip3, ''), coalesce(state, ''), '')) >> 1)::BIGINT
    END AS location_id,
    care_site_id
FROM ccda_patient
