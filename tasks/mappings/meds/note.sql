-- source: omop.note
-- Each note with its text, at the time of the care that it tells of.
SELECT
    person_id AS subject_id,
    coalesce(note_datetime, note_date::TIMESTAMP) AS time,
    60 AS rank,
    note_id AS row_id,
    'NOTE' AS prefix,
    'NOTE' AS kind,
    note_class_concept_id AS concept_id,
    source_vocabulary,
    note_source_value AS source_value,
    coalesce(source_display, note_title) AS source_display,
    note_text AS text_value,
    visit_occurrence_id AS visit_id,
    note_id AS join_id,
    'note' AS "table"
FROM omop.note
