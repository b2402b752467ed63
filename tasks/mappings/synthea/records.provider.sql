-- source: synthea.provider
-- One row for each provider, without the name.
SELECT
    _record, _owner, _version, _digest,
    provider_id AS record_id,
    provider_id,
    TRUE AS preferred,
    -- CMS specialities in OMOP
    CASE speciality
        WHEN 'GENERAL PRACTICE' THEN 38004446
        WHEN 'INTERNAL MEDICINE' THEN 38004456
        ELSE 0
    END::BIGINT AS specialty_concept_id,
    speciality AS specialty_source_value,
    organization_id AS care_site_id,
    CASE gender WHEN 'M' THEN 8507 WHEN 'F' THEN 8532 ELSE 0 END::BIGINT AS gender_concept_id,
    gender AS gender_source_value
FROM synthea_provider
