-- source: omop.visit_occurrence
-- One period a person, from the first visit to the end of the last: what an EHR export can vouch for.
SELECT
    person_id AS observation_period_id,
    person_id,
    min(visit_start_date) AS observation_period_start_date,
    max(greatest(visit_start_date, visit_end_date)) AS observation_period_end_date,
    32817::BIGINT AS period_type_concept_id
FROM omop.visit_occurrence
GROUP BY person_id
