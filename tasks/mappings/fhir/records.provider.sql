-- source: fhir.provider
-- One row for each form in which others refer to a practitioner or a role; a role adds to the practitioner whom it names.
WITH forms AS (
    SELECT *, unnest(provider_ids) AS provider_id FROM fhir_provider
)
SELECT
    _record, _owner, _version, _digest,
    record_id,
    provider_id,
    provider_id = provider_ids[1] AND NOT represents AS preferred,
    specialty_code AS specialty_source_value,
    coalesce(organization_id, place_id) AS care_site_id,
    CASE gender WHEN 'male' THEN 8507 WHEN 'female' THEN 8532 END::BIGINT AS gender_concept_id,
    gender AS gender_source_value
FROM forms
