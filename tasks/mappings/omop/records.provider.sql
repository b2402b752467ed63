-- source: omop.provider
-- One row for each PROVIDER.
SELECT
    _record, _owner, _version, _digest,
    provider_id AS record_id,
    provider_id,
    true AS preferred,
    specialty_concept_id,
    specialty_source_value,
    care_site_id,
    gender_concept_id,
    gender_source_value,
    year_of_birth
FROM omop_provider
