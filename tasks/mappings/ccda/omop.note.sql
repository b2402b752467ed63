-- source: ccda.note
-- One note for each section with a narrative, and for a body that is plain text; its code is LOINC's of the section.
SELECT
    _record, _owner, _version, _digest,
    event_id AS note_id,
    person_id,
    start_date AS note_date,
    start_datetime AS note_datetime,
    32817::BIGINT AS note_type_concept_id,  -- EHR
    0::BIGINT AS note_class_concept_id,     -- that of the section's code, where a vocabulary knows it
    coalesce(title, display, text) AS note_title,
    note AS note_text,
    32678::BIGINT AS encoding_concept_id,   -- UTF-8, to which every text is brought
    CASE WHEN language ILIKE 'en%' THEN 4180186 ELSE 0 END::BIGINT AS language_concept_id,  -- English, where it says so
    provider_id,
    visit_id AS visit_occurrence_id,
    code AS note_source_value,
    CASE WHEN code IS NOT NULL THEN system END AS source_vocabulary,
    CASE WHEN code IS NOT NULL THEN display END AS source_display
FROM ccda_note
