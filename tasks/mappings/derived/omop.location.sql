-- source: records.place, records.patient
-- One row for each location that a source states, and for each area in which persons live and places of care lie.
WITH stated AS (
    SELECT place_id AS location_id, 0 AS rank, record_id, city, state, zip3, country
    FROM records.place
    WHERE kind = 'location'
    UNION ALL
    SELECT location_id, 1, record_id, city, state, zip3, country
    FROM records.place
    WHERE kind = 'care_site' AND location_id IS NOT NULL
    UNION ALL
    SELECT location_id, 2, record_id, NULL, state, zip3, NULL
    FROM records.patient
    WHERE location_id IS NOT NULL
),
chosen AS (
    SELECT *, row_number() OVER (PARTITION BY location_id ORDER BY rank, record_id) AS place FROM stated
)
SELECT
    location_id,
    NULL::VARCHAR AS address_1,
    NULL::VARCHAR AS address_2,
    city,
    state,
    zip3 AS zip,
    NULL::VARCHAR AS county,
    NULL::VARCHAR AS location_source_value,
    CASE WHEN country IS NOT NULL THEN 0 END::BIGINT AS country_concept_id,
    country AS country_source_value,
    NULL::DOUBLE AS latitude,
    NULL::DOUBLE AS longitude
FROM chosen
WHERE place = 1
