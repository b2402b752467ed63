-- source: records.patient
-- One row for each person whom the newest Patient record that speaks of it states to be dead. Type and cause are those that
-- the same record states; 32817 (EHR) is the type where it states none.
WITH newest AS (
    SELECT *, row_number() OVER (PARTITION BY person_id ORDER BY updated_datetime DESC NULLS LAST, record_id) AS place
    FROM records.patient
    WHERE death_date IS NOT NULL
)
SELECT
    person_id,
    death_date,
    death_datetime,
    coalesce(death_type_concept_id, 32817)::BIGINT AS death_type_concept_id,
    -- 0: a cause is stated, and has no concept
    coalesce(cause_concept_id, CASE WHEN cause_source_value IS NOT NULL THEN 0 END)::BIGINT AS cause_concept_id,
    cause_source_value,
    cause_source_concept_id
FROM newest
WHERE place = 1
