-- source: fhir.diagnostic_report, fhir.document_reference, fhir.procedure, fhir.other
-- Each record that names an imaging study: by accession number, by UID, or by another record that does.
SELECT
    _record, _owner, _version, _digest,
    coalesce(*COLUMNS('^(document_id|procedure_id|record_id)$')) AS record_id,
    naming AS kind,
    person_id,
    encounter_id AS visit_occurrence_id,
    true AS certain,
    accession_ids,
    accession_normal_ids,
    named_study_uids AS study_instance_uids,
    named_series_uids AS series_instance_uids,
    stated_as_id,
    refers_to_ids,
    procedure_ids
FROM source_rows
WHERE naming IS NOT NULL
    AND coalesce(
        accession_ids[1], refers_to_ids[1], procedure_ids[1], len(named_study_uids), len(named_series_uids)
    ) IS NOT NULL
