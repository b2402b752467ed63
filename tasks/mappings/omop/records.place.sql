-- source: omop.place
-- One row for each CARE_SITE and each LOCATION.
SELECT
    _record, _owner, _version, _digest,
    record_id,
    record_id AS place_id,
    true AS preferred,
    record_type AS kind,
    place_of_service_concept_id,
    place_of_service_source_value,
    -- a location is its own
    CASE WHEN record_type = 'care_site' THEN location_id END AS location_id,
    state,
    zip3,
    country_source_value AS country
FROM omop_place
