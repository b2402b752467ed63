-- source: omop.death
-- One MEDS_DEATH for each person who is stated to be dead.
SELECT
    person_id AS subject_id,
    coalesce(death_datetime, death_date::TIMESTAMP) AS time,
    90 AS rank,
    person_id AS row_id,
    'MEDS_DEATH' AS code,
    'Death' AS source_display,
    'death' AS "table"
FROM omop.death
