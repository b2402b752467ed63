-- source: fhir.place
-- One row for each form in which others refer to an organization or location, and one for the area that it lies in.
WITH places AS (
    SELECT *,
        -- of de-identified values, so it needs no key; equal areas are one location
        CASE WHEN coalesce(zip3, state, country) IS NOT NULL THEN
            (md5_number_lower(concat_ws('|', 'area', coalesce(zip3, ''), coalesce(state, ''), coalesce(country, ''))) >> 1)::BIGINT
        END AS area_id
    FROM fhir_place
),
forms AS (
    SELECT *, coalesce(organization_ids, location_ids) AS place_ids FROM places
)
SELECT
    _record, _owner, _version, _digest,
    record_id,
    unnest(place_ids) AS place_id,
    unnest(list_transform(place_ids, lambda form: form = place_ids[1])) AS preferred,
    'care_site' AS kind,
    0::BIGINT AS place_of_service_concept_id,
    coalesce(type_display, type_code) AS place_of_service_source_value,
    area_id AS location_id,
    state,
    zip3,
    country
FROM forms
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
    zip3,
    country
FROM forms
WHERE area_id IS NOT NULL
