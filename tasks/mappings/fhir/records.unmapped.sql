-- source: fhir.other
-- One row for each resource that has no table yet: the whole of it, as far as the allow-list lets it through.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    record_type,
    resource
FROM fhir_other
