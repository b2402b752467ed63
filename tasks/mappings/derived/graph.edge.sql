-- source: omop.visit_occurrence, omop.condition_occurrence, omop.drug_exposure, omop.procedure_occurrence, omop.device_exposure, omop.measurement, omop.observation, omop.note, imaging.study, genomics.sample
-- Who has what, and what belongs to which visit. An edge's id is a hash of its ends: both are keyed ids already. Drugs,
-- procedures, measurements and the like are edges from the person to the code, one however often it occurs.
WITH codes AS (
    SELECT 'took_drug' AS kind, person_id, 'omop.drug_exposure' AS target, coalesce(source_vocabulary, '') AS source_vocabulary,
        drug_source_value AS code
    FROM omop.drug_exposure
    UNION
    SELECT 'had_procedure' AS kind, person_id, 'omop.procedure_occurrence' AS target, coalesce(source_vocabulary, '') AS source_vocabulary,
        procedure_source_value AS code
    FROM omop.procedure_occurrence
    UNION
    SELECT 'used_device' AS kind, person_id, 'omop.device_exposure' AS target, coalesce(source_vocabulary, '') AS source_vocabulary,
        device_source_value AS code
    FROM omop.device_exposure
    UNION
    SELECT 'had_measurement' AS kind, person_id, 'omop.measurement' AS target, coalesce(source_vocabulary, '') AS source_vocabulary,
        measurement_source_value AS code
    FROM omop.measurement
    UNION
    SELECT 'had_observation' AS kind, person_id, 'omop.observation' AS target, coalesce(source_vocabulary, '') AS source_vocabulary,
        observation_source_value AS code
    FROM omop.observation
),
edges AS (
    SELECT 'had_visit' AS kind, person_id AS from_node, visit_occurrence_id AS to_node, person_id
    FROM omop.visit_occurrence
    UNION ALL
    SELECT 'has_condition', person_id, condition_occurrence_id, person_id FROM omop.condition_occurrence
    UNION ALL
    SELECT 'has_note', person_id, note_id, person_id FROM omop.note
    UNION ALL
    SELECT 'recorded_in', condition_occurrence_id, visit_occurrence_id, person_id FROM omop.condition_occurrence
    WHERE visit_occurrence_id IS NOT NULL
    UNION ALL
    SELECT 'written_in', note_id, visit_occurrence_id, person_id FROM omop.note WHERE visit_occurrence_id IS NOT NULL
    UNION ALL
    SELECT 'has_study', person_id, study_id, person_id FROM imaging.study WHERE person_id IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'has_sample', person_id, sample_id, person_id FROM genomics.sample WHERE person_id IS NOT NULL
    UNION ALL
    SELECT 'is_a', condition_occurrence_id, (
        md5_number_lower('code:omop.condition_occurrence:' || coalesce(source_vocabulary, '') || ':' || condition_source_value)
        >> 1
    )::BIGINT, person_id
    FROM omop.condition_occurrence
    WHERE condition_source_value <> ''
    UNION ALL
    SELECT kind, person_id, (
        md5_number_lower('code:' || target || ':' || source_vocabulary || ':' || code) >> 1
    )::BIGINT, person_id
    FROM codes
    WHERE code <> ''
)
SELECT
    (md5_number_lower(kind || ':' || from_node || ':' || to_node) >> 1)::BIGINT AS edge_id,
    kind,
    from_node,
    to_node,
    person_id
FROM edges
