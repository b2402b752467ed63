-- source: hl7v2.note, hl7v2.procedure
-- Each report and procedure with the numbers of its order: which of them an image carries, it alone can tell.
SELECT
    _record, _owner, _version, _digest,
    event_id AS record_id,
    CASE getvariable('source_table') WHEN 'hl7v2.note' THEN 'report' ELSE 'procedure' END AS kind,
    person_id,
    visit_id AS visit_occurrence_id,
    false AS certain,
    accession_ids,
    accession_normal_ids
FROM source_rows
WHERE len(accession_ids) > 0
