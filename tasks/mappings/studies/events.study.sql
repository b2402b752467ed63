-- source: imaging.study, imaging.link, omop.person, omop.procedure_occurrence
-- One procedure for each study of a person whom the EHR knows, that no procedure of the EHR is about. Its code is SNOMED's of the
-- modality, the first of several; the part of the body is its modifier, as DICOM calls it.
WITH modality(code, snomed, display, place) AS (
    VALUES
        ('PT', '82918005', 'Positron emission tomography', 1),  -- of PET and CT together the PET is what was done
        ('CT', '77477000', 'Computed tomography', 2),
        ('MR', '113091000', 'Magnetic resonance imaging', 3),
        ('MG', '71651007', 'Mammography', 4),
        ('US', '16310003', 'Diagnostic ultrasonography', 5),
        ('NM', '373205008', 'Nuclear medicine imaging procedure', 6),
        ('XA', '77343006', 'Angiography', 7),
        ('RF', '44491008', 'Fluoroscopy', 8),
        ('CR', '168537006', 'Plain radiography', 9),
        ('DX', '168537006', 'Plain radiography', 10),
        ('', '363679005', 'Imaging', 99)
),
named AS (
    SELECT s.*, m.snomed, m.display
    FROM imaging.study AS s
    JOIN modality AS m ON m.code = '' OR list_contains(s.modalities, m.code)
    QUALIFY row_number() OVER (PARTITION BY s.study_id, s.person_id ORDER BY m.place) = 1
)
SELECT
    (md5_number_lower('study:' || n.study_id || ':' || n.person_id) >> 1)::BIGINT AS event_id,
    n.person_id,
    v.record_id AS visit_occurrence_id,
    'Procedure' AS domain,
    32817::BIGINT AS type_concept_id,  -- EHR
    'SNOMED' AS vocabulary,
    n.snomed AS code,
    n.display,
    n.study_date AS start_date,
    n.study_datetime AS start_datetime,
    nullif(array_to_string(n.body_parts, ' '), '') AS modifier_display
FROM named AS n
JOIN omop.person AS p ON p.person_id = n.person_id
LEFT JOIN imaging.link AS v ON v.kind = 'visit' AND v.study_id = n.study_id AND v.person_id = n.person_id
WHERE n.study_date IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM imaging.link AS l
        WHERE l.kind = 'procedure' AND l.study_id = n.study_id AND l.person_id = n.person_id
            -- that the EHR holds
            AND l.record_id IN (SELECT procedure_occurrence_id FROM omop.procedure_occurrence)
    )
