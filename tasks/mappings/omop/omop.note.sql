-- source: omop.note
-- Notes as they are, their text de-identified.
SELECT
    * REPLACE (
        coalesce(note_type_concept_id, 0) AS note_type_concept_id,
        coalesce(note_class_concept_id, 0) AS note_class_concept_id,
        coalesce(encoding_concept_id, 0) AS encoding_concept_id,
        coalesce(language_concept_id, 0) AS language_concept_id
    )
FROM omop_note
