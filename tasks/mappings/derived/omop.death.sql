-- source: records.patient
-- One row for each person whom the newest Patient record that speaks of it states to be dead.
WITH newest AS (
    SELECT *, row_number() OVER (PARTITION BY person_id ORDER BY updated_datetime DESC NULLS LAST, record_id) AS place
    FROM records.patient
    WHERE death_date IS NOT NULL
)
SELECT
    person_id,
    death_date,
    death_datetime,
    32817::BIGINT AS death_type_concept_id,
    NULL::BIGINT AS cause_concept_id,
    NULL::VARCHAR AS cause_source_value,
    NULL::BIGINT AS cause_source_concept_id
FROM newest
WHERE place = 1
