-- source: hl7v2.provider
-- One row for each person in charge whom a message names by number.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    provider_id,
    true AS preferred,
    specialty AS specialty_source_value
FROM hl7v2_provider
