-- source: omop.person, omop.visit_occurrence, omop.condition_occurrence, omop.note, imaging.study, genomics.sample, records.code
-- What the patient graph knows: persons, what happened to them, and the codes of drugs, procedures, measurements and the
-- like. Measurements are many: each code is a node, not each value. A code's id is a hash of what it is.
SELECT person_id AS node_id, 'person' AS kind, person_id, NULL::VARCHAR AS label, NULL::DATE AS date FROM omop.person
UNION ALL
SELECT visit_occurrence_id, 'visit', person_id, coalesce(source_display, visit_source_value), visit_start_date FROM omop.visit_occurrence
UNION ALL
SELECT condition_occurrence_id, 'condition', person_id,
    coalesce(source_display, condition_source_value), condition_start_date
FROM omop.condition_occurrence
UNION ALL
SELECT note_id, 'note', person_id, note_title, note_date FROM omop.note
UNION ALL
SELECT study_id, 'study', person_id, array_to_string(modalities, ' '), study_date FROM imaging.study
UNION ALL
SELECT DISTINCT sample_id, 'sample', person_id, NULL, NULL::DATE FROM genomics.sample
UNION ALL
SELECT DISTINCT ON (target, source_vocabulary, source_value)
    (md5_number_lower('code:' || target || ':' || source_vocabulary || ':' || source_value) >> 1)::BIGINT,
    CASE target
        WHEN 'omop.condition_occurrence' THEN 'condition_code'
        WHEN 'omop.drug_exposure' THEN 'drug_code'
        WHEN 'omop.procedure_occurrence' THEN 'procedure_code'
        WHEN 'omop.device_exposure' THEN 'device_code'
        WHEN 'omop.measurement' THEN 'measurement_code'
        ELSE 'observation_code'
    END,
    NULL::BIGINT, coalesce(source_display, source_value), NULL::DATE
FROM records.code
WHERE source_value <> '' AND target IN (
    'omop.condition_occurrence', 'omop.drug_exposure', 'omop.procedure_occurrence', 'omop.device_exposure',
    'omop.measurement', 'omop.observation'
)
