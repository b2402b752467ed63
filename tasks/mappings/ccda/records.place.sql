-- source: ccda.place
-- One row for each organization or facility that a document names by number, and one for the area that it lies in.
WITH places AS (
    SELECT *,
        -- of de-identified values, so it needs no key; equal areas are one location
        CASE WHEN coalesce(zip3, state) IS NOT NULL THEN
            (md5_number_lower(concat_ws('|', 'area', coalesce(zip3, ''), coalesce(state, ''), '')) >> 1)::BIGINT
        END AS area_id
    FROM ccda_place
)
SELECT
    _record, _owner, _version, _digest,
    record_id,
    place_id,
    true AS preferred,
    'care_site' AS kind,
    0::BIGINT AS place_of_service_concept_id,
    coalesce(kind_display, kind_code) AS place_of_service_source_value,
    area_id AS location_id,
    state,
    zip3
FROM places
UNION ALL
SELECT
    _record, _owner, _version, _digest,
    record_id,
    area_id,
    true,
    'location',
    NULL,
    NULL,
    area_id,
    state,
    zip3
FROM places
WHERE area_id IS NOT NULL
