-- source: hl7v2.patient
-- One row for each patient number, as PID states it; omop.person and omop.death are derived from these.
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
    -- HL7 table 0189, in the codes of CDC's race and ethnicity set where it says the same
    CASE coalesce(ethnicity_code, ethnicity_text)
        WHEN 'H' THEN '2135-2' WHEN 'N' THEN '2186-5' ELSE coalesce(ethnicity_code, ethnicity_text)
    END AS ethnicity_source_value,
    zip3,
    state
FROM hl7v2_patient
