-- source: omop.visit_detail, omop.visit_occurrence
-- The start of each part of a visit, as in another ward; a part that begins with its visit and is of its kind tells nothing new.
SELECT
    detail.person_id AS subject_id,
    coalesce(detail.visit_detail_start_datetime, detail.visit_detail_start_date::TIMESTAMP) AS time,
    11 AS rank,
    detail.visit_detail_id AS row_id,
    'TRANSFER' AS prefix,
    'VISIT' AS kind,
    detail.visit_detail_concept_id AS concept_id,
    detail.source_vocabulary,
    detail.visit_detail_source_value AS source_value,
    detail.source_display,
    detail.visit_occurrence_id AS visit_id,
    'visit_detail' AS "table"
FROM omop.visit_detail AS detail
LEFT JOIN omop.visit_occurrence AS visit ON visit.visit_occurrence_id = detail.visit_occurrence_id
WHERE NOT coalesce(
    detail.visit_detail_concept_id = visit.visit_concept_id
    AND coalesce(detail.visit_detail_source_value, '') = coalesce(visit.visit_source_value, '')
    AND coalesce(detail.visit_detail_start_datetime, detail.visit_detail_start_date::TIMESTAMP)
        = coalesce(visit.visit_start_datetime, visit.visit_start_date::TIMESTAMP),
    FALSE
)
