-- source: records.patient
-- One row a person: of each element the newest statement among all of the person's Patient records, in any source. What a
-- source states in OMOP's own ids wins over its source values.
WITH newest AS (
    SELECT
        person_id,
        first(struct_pack(birth_date, birth_precision, year_of_birth)
            ORDER BY updated_datetime DESC NULLS LAST, record_id) FILTER (WHERE year_of_birth IS NOT NULL) AS birth,
        first(struct_pack(id := gender_concept_id, source := gender_source_value)
            ORDER BY updated_datetime DESC NULLS LAST, record_id)
            FILTER (WHERE gender_concept_id IS NOT NULL OR gender_source_value IS NOT NULL) AS gender,
        first(struct_pack(id := race_concept_id, source := race_source_value)
            ORDER BY updated_datetime DESC NULLS LAST, record_id)
            FILTER (WHERE race_concept_id IS NOT NULL OR race_source_value IS NOT NULL) AS race,
        first(struct_pack(id := ethnicity_concept_id, source := ethnicity_source_value)
            ORDER BY updated_datetime DESC NULLS LAST, record_id)
            FILTER (WHERE ethnicity_concept_id IS NOT NULL OR ethnicity_source_value IS NOT NULL) AS ethnicity,
        first(location_id ORDER BY updated_datetime DESC NULLS LAST, record_id)
            FILTER (WHERE location_id IS NOT NULL) AS location_id,
        first(provider_id ORDER BY updated_datetime DESC NULLS LAST, record_id)
            FILTER (WHERE provider_id IS NOT NULL) AS provider_id,
        first(care_site_id ORDER BY updated_datetime DESC NULLS LAST, record_id)
            FILTER (WHERE care_site_id IS NOT NULL) AS care_site_id
    FROM records.patient
    GROUP BY person_id
)
SELECT
    person_id,
    coalesce(gender.id, CASE lower(gender.source)
        WHEN 'male' THEN 8507 WHEN 'm' THEN 8507
        WHEN 'female' THEN 8532 WHEN 'f' THEN 8532 END, 0)::BIGINT AS gender_concept_id,
    -- the year that goes with the (shifted) month and day; a grouped year stands as it is
    coalesce(year(birth.birth_date), birth.year_of_birth)::INTEGER AS year_of_birth,
    CASE WHEN birth.birth_precision IN ('day', 'month') THEN month(birth.birth_date) END::INTEGER AS month_of_birth,
    CASE WHEN birth.birth_precision = 'day' THEN day(birth.birth_date) END::INTEGER AS day_of_birth,
    CASE WHEN birth.birth_precision = 'day' THEN birth.birth_date::TIMESTAMP END AS birth_datetime,
    -- by the CDC's codes, their words, and how Synthea writes them
    coalesce(race.id, CASE lower(race.source)
        WHEN 'white' THEN 8527 WHEN '2106-3' THEN 8527
        WHEN 'black or african american' THEN 8516 WHEN '2054-5' THEN 8516 WHEN 'black' THEN 8516
        WHEN 'asian' THEN 8515 WHEN '2028-9' THEN 8515
        WHEN 'american indian or alaska native' THEN 8657 WHEN '1002-5' THEN 8657 WHEN 'native' THEN 8657
        WHEN 'native hawaiian or other pacific islander' THEN 8557 WHEN '2076-8' THEN 8557 WHEN 'hawaiian' THEN 8557
        END, 0)::BIGINT AS race_concept_id,
    -- and those of HL7's table 0189
    coalesce(ethnicity.id, CASE lower(ethnicity.source)
        WHEN 'hispanic or latino' THEN 38003563 WHEN '2135-2' THEN 38003563 WHEN 'hispanic' THEN 38003563
        WHEN 'h' THEN 38003563
        WHEN 'not hispanic or latino' THEN 38003564 WHEN '2186-5' THEN 38003564 WHEN 'nonhispanic' THEN 38003564
        WHEN 'n' THEN 38003564
        END, 0)::BIGINT AS ethnicity_concept_id,
    location_id,
    provider_id,
    care_site_id,
    NULL::VARCHAR AS person_source_value,
    gender.source AS gender_source_value,
    0::BIGINT AS gender_source_concept_id,
    race.source AS race_source_value,
    0::BIGINT AS race_source_concept_id,
    ethnicity.source AS ethnicity_source_value,
    0::BIGINT AS ethnicity_source_concept_id
FROM newest
WHERE birth IS NOT NULL
