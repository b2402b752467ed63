-- source: omop.condition_occurrence, omop.drug_exposure, omop.procedure_occurrence, omop.device_exposure, omop.measurement, omop.observation, omop.specimen, omop.visit_occurrence, omop.visit_detail
-- Every source code of events and visits, with each concept it got and how often it occurs; rows without a code under ''.
WITH coded AS (
    SELECT 'omop.condition_occurrence' AS target, source_vocabulary, condition_source_value AS source_value, source_display,
        condition_concept_id AS concept_id, person_id
    FROM omop.condition_occurrence
    UNION ALL
    SELECT 'omop.drug_exposure' AS target, source_vocabulary, drug_source_value AS source_value, source_display,
        drug_concept_id AS concept_id, person_id
    FROM omop.drug_exposure
    UNION ALL
    SELECT 'omop.procedure_occurrence' AS target, source_vocabulary, procedure_source_value AS source_value, source_display,
        procedure_concept_id AS concept_id, person_id
    FROM omop.procedure_occurrence
    UNION ALL
    SELECT 'omop.device_exposure' AS target, source_vocabulary, device_source_value AS source_value, source_display,
        device_concept_id AS concept_id, person_id
    FROM omop.device_exposure
    UNION ALL
    SELECT 'omop.measurement' AS target, source_vocabulary, measurement_source_value AS source_value, source_display,
        measurement_concept_id AS concept_id, person_id
    FROM omop.measurement
    UNION ALL
    SELECT 'omop.observation' AS target, source_vocabulary, observation_source_value AS source_value, source_display,
        observation_concept_id AS concept_id, person_id
    FROM omop.observation
    UNION ALL
    SELECT 'omop.specimen' AS target, source_vocabulary, specimen_source_value AS source_value, source_display,
        specimen_concept_id AS concept_id, person_id
    FROM omop.specimen
    UNION ALL
    SELECT 'omop.visit_occurrence' AS target, source_vocabulary, visit_source_value AS source_value, source_display,
        visit_concept_id AS concept_id, person_id
    FROM omop.visit_occurrence
    UNION ALL
    SELECT 'omop.visit_detail' AS target, source_vocabulary, visit_detail_source_value AS source_value, source_display,
        visit_detail_concept_id AS concept_id, person_id
    FROM omop.visit_detail
),
-- by words first, then by person: what is kept is never more than a code's persons and spellings
spelt AS (
    SELECT target, coalesce(source_vocabulary, '') AS source_vocabulary, coalesce(source_value, '') AS source_value,
        source_display, concept_id, person_id, count(*) AS number_of_rows
    FROM coded
    GROUP BY ALL
),
-- the words that a code most often comes with, the first in the alphabet of several
words AS (
    SELECT target, source_vocabulary, source_value, source_display,
        row_number() OVER (
            PARTITION BY target, source_vocabulary, source_value
            ORDER BY source_display IS NULL, sum(number_of_rows) DESC, source_display
        ) AS place
    FROM spelt
    GROUP BY target, source_vocabulary, source_value, source_display
)
SELECT
    target,
    source_vocabulary,
    source_value,
    words.source_display,
    spelt.concept_id,
    sum(spelt.number_of_rows)::BIGINT AS number_of_rows,
    count(DISTINCT spelt.person_id) AS number_of_persons
FROM spelt
JOIN words USING (target, source_vocabulary, source_value)
WHERE words.place = 1
GROUP BY target, source_vocabulary, source_value, words.source_display, spelt.concept_id
