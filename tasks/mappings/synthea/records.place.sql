-- source: synthea.organization
-- Two rows for each organisation: who cares, and the address where that is.
SELECT
    _record, _owner, _version, _digest,
    care_site_id AS record_id,
    care_site_id AS place_id,
    TRUE AS preferred,
    'care_site' AS kind,
    location_id,
    NULL::VARCHAR AS state,
    NULL::VARCHAR AS zip3
FROM synthea_organization
UNION ALL
SELECT
    _record, _owner, _version, _digest,
    care_site_id AS record_id,
    location_id AS place_id,
    TRUE AS preferred,
    'location' AS kind,
    NULL::BIGINT AS location_id,
    state,
    zip3
FROM synthea_organization
