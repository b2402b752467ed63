-- source: hl7v2.note
-- One note for each document, and for each report in results, whose lines are joined.
SELECT
    _record, _owner, _version, _digest,
    event_id AS note_id,
    person_id,
    start_date AS note_date,
    start_datetime AS note_datetime,
    32817::BIGINT AS note_type_concept_id,  -- EHR
    0::BIGINT AS note_class_concept_id,    -- that of the document's code, where a vocabulary knows it
    coalesce(display, text) AS note_title,
    note AS note_text,
    32678::BIGINT AS encoding_concept_id,   -- UTF-8, to which every text is brought
    0::BIGINT AS language_concept_id,
    provider_id,
    visit_id AS visit_occurrence_id,
    code AS note_source_value,
    system AS source_vocabulary,
    display AS source_display
FROM hl7v2_note
