-- source: csv.note
-- One note for each record.
SELECT
    _record, _owner, _version, _digest,
    record_id AS note_id,
    person_id,
    date_date AS note_date,
    date_datetime AS note_datetime,
    32817::BIGINT AS note_type_concept_id,   -- EHR
    0::BIGINT AS note_class_concept_id,     -- that of its code, where a vocabulary knows it
    title AS note_title,
    text AS note_text,
    32678::BIGINT AS encoding_concept_id,    -- UTF-8, to which every text is brought
    0::BIGINT AS language_concept_id,
    provider_id,
    visit_id AS visit_occurrence_id,
    code AS note_source_value,
    CASE WHEN code IS NOT NULL THEN vocabulary END AS source_vocabulary
FROM csv_note
