-- source: omop.other
-- One row for each row of a table that the lake has no table for yet: all of it that may be kept, as JSON.
-- Dates in it are days, or years under safe_harbor.
WITH measured AS (
    SELECT *, CASE getvariable('profile') WHEN 'safe_harbor' THEN 4 ELSE 10 END AS characters
    FROM omop_other
),
dated AS (
    SELECT * REPLACE (
        left(nlp_date::VARCHAR, characters) AS nlp_date,
        left(metadata_date::VARCHAR, characters) AS metadata_date,
        left(source_release_date::VARCHAR, characters) AS source_release_date,
        left(cdm_release_date::VARCHAR, characters) AS cdm_release_date,
        left(cohort_start_date::VARCHAR, characters) AS cohort_start_date,
        left(cohort_end_date::VARCHAR, characters) AS cohort_end_date,
        left(cohort_initiation_date::VARCHAR, characters) AS cohort_initiation_date
    )
    FROM measured
)
SELECT
    _record, _owner, _version, _digest,
    record_id,
    person_id,
    record_type,
    CASE record_type
        WHEN 'NoteNlp' THEN to_json({
            'note_nlp_id': note_nlp_id,
            'note_id': note_id,
            'section_concept_id': section_concept_id,
            'offset': "offset",
            'note_nlp_concept_id': note_nlp_concept_id,
            'note_nlp_source_concept_id': note_nlp_source_concept_id,
            'nlp_system': nlp_system,
            'nlp_date': nlp_date,
            'nlp_datetime': nlp_datetime,
            'term_exists': term_exists,
            'term_temporal': term_temporal,
            'term_modifiers': term_modifiers
        })::VARCHAR
        WHEN 'FactRelationship' THEN to_json({
            'domain_concept_id_1': domain_concept_id_1,
            'fact_id_1': coalesce(person_id, fact_id_1),
            'domain_concept_id_2': domain_concept_id_2,
            'fact_id_2': coalesce(person_id_2, fact_id_2),
            'relationship_concept_id': relationship_concept_id
        })::VARCHAR
        WHEN 'EpisodeEvent' THEN to_json({
            'episode_id': episode_id,
            'event_id': event_id,
            'episode_event_field_concept_id': episode_event_field_concept_id
        })::VARCHAR
        WHEN 'Metadata' THEN to_json({
            'metadata_id': metadata_id,
            'metadata_concept_id': metadata_concept_id,
            'metadata_type_concept_id': metadata_type_concept_id,
            'value_as_concept_id': value_as_concept_id,
            'value_as_number': value_as_number,
            'metadata_date': metadata_date,
            'metadata_datetime': metadata_datetime
        })::VARCHAR
        WHEN 'CdmSource' THEN to_json({
            'source_release_date': source_release_date,
            'cdm_release_date': cdm_release_date,
            'cdm_version': cdm_version,
            'cdm_version_concept_id': cdm_version_concept_id,
            'vocabulary_version': vocabulary_version
        })::VARCHAR
        WHEN 'Cohort' THEN to_json({
            'cohort_definition_id': cohort_definition_id,
            'person_id': person_id,
            'cohort_start_date': cohort_start_date,
            'cohort_end_date': cohort_end_date
        })::VARCHAR
        WHEN 'CohortDefinition' THEN to_json({
            'cohort_definition_id': cohort_definition_id,
            'definition_type_concept_id': definition_type_concept_id,
            'subject_concept_id': subject_concept_id,
            'cohort_initiation_date': cohort_initiation_date
        })::VARCHAR
    END AS resource
FROM dated
