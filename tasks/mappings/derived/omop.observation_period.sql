-- source: records.observation_period, omop.visit_occurrence, omop.visit_detail, omop.condition_occurrence, omop.drug_exposure, omop.procedure_occurrence, omop.device_exposure, omop.measurement, omop.observation, omop.specimen, omop.note
-- Periods that a source vouches for; those of one person that overlap (of two sources) are one. A person of whom no source
-- says so has one period, from the first day on which something happened to the last: visits by their start and end, all
-- else by its start alone, since the end of a supply, a plan or an implant's life lies beyond what an export can know. Gaps
-- do not part it: that nothing is recorded is no sign that nothing would have been.
WITH stated AS (
    SELECT
        *,
        max(end_date) OVER (
            PARTITION BY person_id ORDER BY start_date, end_date, record_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS known_until
    FROM records.observation_period
),
numbered AS (
    SELECT
        *,
        sum(CASE WHEN start_date <= known_until THEN 0 ELSE 1 END) OVER (
            PARTITION BY person_id ORDER BY start_date, end_date, record_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS period
    FROM stated
),
days AS (
    SELECT person_id, visit_start_date AS day FROM omop.visit_occurrence
    UNION ALL SELECT person_id, visit_end_date FROM omop.visit_occurrence
    UNION ALL SELECT person_id, visit_detail_start_date FROM omop.visit_detail
    UNION ALL SELECT person_id, visit_detail_end_date FROM omop.visit_detail
    UNION ALL SELECT person_id, condition_start_date FROM omop.condition_occurrence
    UNION ALL SELECT person_id, drug_exposure_start_date FROM omop.drug_exposure
    UNION ALL SELECT person_id, procedure_date FROM omop.procedure_occurrence
    UNION ALL SELECT person_id, device_exposure_start_date FROM omop.device_exposure
    UNION ALL SELECT person_id, measurement_date FROM omop.measurement
    UNION ALL SELECT person_id, observation_date FROM omop.observation
    UNION ALL SELECT person_id, specimen_date FROM omop.specimen
    UNION ALL SELECT person_id, note_date FROM omop.note
)
SELECT
    arg_min(record_id, (start_date, end_date, record_id)) AS observation_period_id,
    person_id,
    min(start_date) AS observation_period_start_date,
    max(end_date) AS observation_period_end_date,
    arg_min(period_type_concept_id, (start_date, end_date, record_id)) AS period_type_concept_id
FROM numbered
GROUP BY person_id, period
UNION ALL
SELECT person_id, person_id, min(day), max(day), 32817::BIGINT  -- EHR
FROM days
WHERE person_id NOT IN (SELECT person_id FROM records.observation_period)
GROUP BY person_id
