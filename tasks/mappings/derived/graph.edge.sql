-- source: omop.visit_occurrence, omop.condition_occurrence, omop.note, imaging.study, genomics.sample
-- Who has what, and what belongs to which visit. An edge's id is a hash of its ends: both are keyed ids already.
WITH edges AS (
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
)
SELECT
    (md5_number_lower(kind || ':' || from_node || ':' || to_node) >> 1)::BIGINT AS edge_id,
    kind,
    from_node,
    to_node,
    person_id
FROM edges
