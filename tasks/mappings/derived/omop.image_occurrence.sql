-- source: imaging.series, imaging.study, imaging.link, omop.person, omop.procedure_occurrence
-- One row for each series of a person whom the EHR knows (OMOP's imaging extension, MI-CDM), with the procedure that made it and
-- the visit in which it was made. A series without a day is left out, as is what is no image: reports, presentation states.
WITH linked AS ( -- the procedure by the strongest basis; that made of the study where the EHR has none
    SELECT l.study_id, l.person_id, l.record_id AS procedure_occurrence_id, l.series_id, l.basis,
        list_position(['series-uid', 'study-uid', 'accession', 'accession-normal', 'order', 'day'], l.basis) AS rank,
        l.days_apart
    FROM imaging.link AS l
    WHERE l.kind = 'procedure'
    UNION ALL
    SELECT study_id, person_id, (md5_number_lower('study:' || study_id || ':' || person_id) >> 1)::BIGINT, NULL,
        'study', 9, 0
    FROM imaging.study
    WHERE person_id IS NOT NULL
),
found AS (
    SELECT s.series_id, s.person_id, l.procedure_occurrence_id, l.basis
    FROM imaging.series AS s
    JOIN linked AS l
        ON l.study_id = s.study_id AND l.person_id = s.person_id AND coalesce(l.series_id, s.series_id) = s.series_id
    JOIN omop.procedure_occurrence AS p
        ON p.procedure_occurrence_id = l.procedure_occurrence_id AND p.person_id = l.person_id
    QUALIFY row_number() OVER (
        PARTITION BY s.series_id, s.person_id
        ORDER BY l.rank, l.days_apart NULLS LAST, l.procedure_occurrence_id
    ) = 1
)
SELECT
    (md5_number_lower('series:' || s.series_id || ':' || s.person_id) >> 1)::BIGINT AS image_occurrence_id,
    s.person_id,
    f.procedure_occurrence_id,
    v.record_id AS visit_occurrence_id,
    CASE WHEN s.body_part_examined IS NOT NULL THEN 0 END::BIGINT AS anatomic_site_concept_id,
    NULL::VARCHAR AS wadors_uri,
    NULL::VARCHAR AS local_path,
    coalesce(s.series_date, t.study_date) AS image_occurrence_date,
    coalesce(t.study_instance_uid, '') AS image_study_uid,
    coalesce(s.series_instance_uid, '') AS image_series_uid,
    0::BIGINT AS modality_concept_id,
    s.study_id,
    s.series_id,
    s.modality AS modality_source_value,
    s.body_part_examined AS anatomic_site_source_value,
    f.basis AS procedure_basis,
    v.basis AS visit_basis
FROM imaging.series AS s
JOIN imaging.study AS t ON t.study_id = s.study_id AND t.person_id = s.person_id
JOIN omop.person AS o ON o.person_id = s.person_id
JOIN found AS f ON f.series_id = s.series_id AND f.person_id = s.person_id
LEFT JOIN imaging.link AS v ON v.kind = 'visit' AND v.study_id = s.study_id AND v.person_id = s.person_id
WHERE coalesce(s.series_date, t.study_date) IS NOT NULL
    AND coalesce(s.modality, '') NOT IN ('SR', 'PR', 'KO', 'DOC', 'AU', 'PLAN')
