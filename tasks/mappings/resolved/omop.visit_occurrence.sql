-- source: omop.visit_detail, omop.visit_occurrence
-- One visit for each that sources state parts of, and that is not there itself: it lasts from the first of its parts to the
-- last, and is of the first one's kind. It gives way to the visit's own record when that comes. `parted` are the names of
-- the sources whose parts name their visit by reference.
SELECT
    d.visit_occurrence_id,
    d.visit_occurrence_id AS _owner,
    arg_min(d.person_id, (d.visit_detail_start_date, d.visit_detail_id)) AS person_id,
    arg_min(d.visit_detail_concept_id, (d.visit_detail_start_date, d.visit_detail_id)) AS visit_concept_id,
    min(d.visit_detail_start_date) AS visit_start_date,
    min(d.visit_detail_start_datetime) AS visit_start_datetime,
    max(d.visit_detail_end_date) AS visit_end_date,
    max(d.visit_detail_end_datetime) AS visit_end_datetime,
    32817::BIGINT AS visit_type_concept_id,  -- EHR
    0::BIGINT AS visit_source_concept_id
FROM omop.visit_detail AS d
WHERE list_contains(getvariable('parted'), d._source)
    AND NOT EXISTS (
        SELECT 1 FROM omop.visit_occurrence AS v
        WHERE v.visit_occurrence_id = d.visit_occurrence_id AND v._source <> getvariable('resolved')
    )
GROUP BY d.visit_occurrence_id
