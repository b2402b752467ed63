-- source: fhir.document_reference
-- One note for each document with its text inside; dated by the care it tells of, else by its writing.
SELECT
    _record, _owner, _version, _digest,
    document_id AS note_id,
    person_id,
    coalesce(start_date, authored_date) AS note_date,
    CASE WHEN start_date IS NULL THEN authored_datetime ELSE start_datetime END AS note_datetime,
    32817::BIGINT AS note_type_concept_id,  -- EHR
    0::BIGINT AS note_class_concept_id,    -- that of the type's code, where a vocabulary knows it
    coalesce(type_display, type_text) AS note_title,
    text AS note_text,
    32678::BIGINT AS encoding_concept_id,   -- UTF-8, to which every text is brought
    CASE WHEN lower(language) = 'en' OR lower(language) LIKE 'en-%' THEN 4180186 ELSE 0 END::BIGINT
        AS language_concept_id,             -- English, where the source says so
    provider_id,
    encounter_id AS visit_occurrence_id,
    type_code AS note_source_value,
    CASE WHEN type_code IS NOT NULL THEN type_system END AS source_vocabulary,
    CASE WHEN type_code IS NOT NULL THEN type_display END AS source_display
FROM fhir_document_reference
WHERE regexp_matches(text, '\S')
