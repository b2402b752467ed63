-- source: omop.person
-- One MEDS_BIRTH for each person; what is not stated of the date is the first of its month or year.
SELECT
    person_id AS subject_id,
    coalesce(birth_datetime, make_timestamp(year_of_birth, coalesce(month_of_birth, 1), coalesce(day_of_birth, 1), 0, 0, 0))
        AS time,
    0 AS rank,
    person_id AS row_id,
    'MEDS_BIRTH' AS code,
    'Birth' AS source_display,
    'person' AS "table"
FROM omop.person
