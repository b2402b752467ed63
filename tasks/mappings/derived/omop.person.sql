-- source: records.patient
-- One row a person: the newest statement among all of the person's Patient records, in any source.
WITH newest AS (
    SELECT *, row_number() OVER (PARTITION BY person_id ORDER BY updated_datetime DESC NULLS LAST, record_id) AS place
    FROM records.patient
)
SELECT
    person_id,
    CASE lower(gender_source_value) WHEN 'male' THEN 8507 WHEN 'm' THEN 8507
        WHEN 'female' THEN 8532 WHEN 'f' THEN 8532 ELSE 0 END AS gender_concept_id,
    -- the year that goes with the (shifted) month and day; a grouped year stands as it is
    coalesce(year(birth_date), year_of_birth) AS year_of_birth,
    CASE WHEN birth_precision IN ('day', 'month') THEN month(birth_date) END AS month_of_birth,
    CASE WHEN birth_precision = 'day' THEN day(birth_date) END AS day_of_birth,
    CASE WHEN birth_precision = 'day' THEN birth_date::TIMESTAMP END AS birth_datetime,
    CASE race_source_value WHEN 'White' THEN 8527 WHEN '2106-3' THEN 8527
        WHEN 'Black or African American' THEN 8516 WHEN '2054-5' THEN 8516
        WHEN 'Asian' THEN 8515 WHEN '2028-9' THEN 8515
        WHEN 'American Indian or Alaska Native' THEN 8657 WHEN '1002-5' THEN 8657
        WHEN 'Native Hawaiian or Other Pacific Islander' THEN 8557 WHEN '2076-8' THEN 8557
        ELSE 0 END AS race_concept_id,
    CASE ethnicity_source_value WHEN 'Hispanic or Latino' THEN 38003563 WHEN '2135-2' THEN 38003563
        WHEN 'Not Hispanic or Latino' THEN 38003564 WHEN '2186-5' THEN 38003564
        ELSE 0 END AS ethnicity_concept_id,
    NULL::BIGINT AS location_id,
    NULL::BIGINT AS provider_id,
    NULL::BIGINT AS care_site_id,
    NULL::VARCHAR AS person_source_value,
    gender_source_value,
    0::BIGINT AS gender_source_concept_id,
    race_source_value,
    0::BIGINT AS race_source_concept_id,
    ethnicity_source_value,
    0::BIGINT AS ethnicity_source_concept_id
FROM newest
WHERE place = 1 AND year_of_birth IS NOT NULL
