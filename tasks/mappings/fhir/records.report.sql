-- source: fhir.diagnostic_report, fhir.document_reference
-- The text of each report that holds one: a note, unless a document tells the same of the same visit. And each document that
-- is superseded: a note, unless a current one stands in its place. See tasks.reports.
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
    CASE WHEN type_code IS NOT NULL THEN type_display END AS source_display,
    CASE getvariable('source_table') WHEN 'fhir.document_reference' THEN 'superseded' ELSE 'report' END AS kind
FROM source_rows
WHERE regexp_matches(text, '\S')
    AND (getvariable('source_table') <> 'fhir.document_reference' OR status = 'superseded')
