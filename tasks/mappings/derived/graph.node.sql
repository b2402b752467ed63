-- source: omop.person, omop.visit_occurrence, omop.condition_occurrence, omop.note, imaging.study, genomics.sample
-- What the patient graph knows: persons and what happened to them.
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
