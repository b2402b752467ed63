-- source: ccda.provider
-- One row for each person in charge whom a document names by number.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    provider_id,
    true AS preferred,
    specialty AS specialty_source_value,
    care_site_id
FROM ccda_provider
