-- source: imaging.instance, imaging.study, records.accession, records.report, omop.note, omop.procedure_occurrence, omop.visit_occurrence, omop.visit_detail
-- Which records of the EHR are about a study of the same person: by UID, by accession number, by an order that both are about; else
-- by day, modality and body part, for records and studies that nothing else pairs. And the visit in which the study was made.
-- Where days are not told (safe_harbor keeps the year of a date), nothing is paired by them.
WITH study AS (
    SELECT
        *,
        -- of the procedure that is made of a study which the EHR knows no procedure of: it pairs with nothing
        (md5_number_lower('study:' || study_id || ':' || person_id) >> 1)::BIGINT AS made_id
    FROM imaging.study
    WHERE person_id IS NOT NULL
),
series AS (
    SELECT DISTINCT study_id, series_id, person_id, series_instance_uid, accession_id, accession_normal_id
    FROM imaging.instance
    WHERE person_id IS NOT NULL
),
numbered AS (SELECT DISTINCT study_id, person_id FROM series WHERE accession_id IS NOT NULL),
record AS (SELECT * FROM records.accession WHERE person_id IS NOT NULL),
-- what a record says itself; rank 1 is the strongest
direct AS (
    SELECT r.kind, r.record_id, r.person_id, s.study_id, s.series_id, 1 AS rank
    FROM (SELECT *, unnest(series_instance_uids) AS uid FROM record) AS r
    JOIN series AS s ON s.series_instance_uid = r.uid AND s.person_id = r.person_id
    UNION
    SELECT r.kind, r.record_id, r.person_id, s.study_id, NULL, 2
    FROM (SELECT *, unnest(study_instance_uids) AS uid FROM record) AS r
    JOIN study AS s ON s.study_instance_uid = r.uid AND s.person_id = r.person_id
    UNION
    SELECT r.kind, r.record_id, r.person_id, s.study_id, NULL, 3
    FROM (SELECT *, unnest(accession_ids) AS number FROM record) AS r
    JOIN series AS s ON s.accession_id = r.number AND s.person_id = r.person_id
    UNION
    SELECT r.kind, r.record_id, r.person_id, s.study_id, NULL, 4
    FROM (SELECT *, unnest(list_concat(accession_normal_ids, accession_ids)) AS number FROM record) AS r
    JOIN series AS s ON r.number IN (s.accession_normal_id, s.accession_id) AND s.person_id = r.person_id
),
-- orders and studies of the EHR that are about a study of images, as others refer to them
known AS (
    SELECT DISTINCT d.study_id, d.person_id, node
    FROM direct AS d
    JOIN (
        SELECT kind, record_id, unnest(
            CASE WHEN kind = 'study' THEN list_append(refers_to_ids, stated_as_id) ELSE [stated_as_id] END
        ) AS node
        FROM record
        WHERE kind IN ('order', 'study')
    ) AS r ON r.kind = d.kind AND r.record_id = d.record_id
    WHERE node IS NOT NULL
),
stated AS (
    SELECT * FROM direct
    UNION
    SELECT r.kind, r.record_id, r.person_id, k.study_id, NULL, 5
    FROM (SELECT *, unnest(refers_to_ids) AS node FROM record) AS r
    JOIN known AS k ON k.node = r.node AND k.person_id = r.person_id
    UNION
    SELECT 'procedure', r.procedure_id, r.person_id, d.study_id, NULL, 5
    FROM (SELECT kind, record_id, person_id, unnest(procedure_ids) AS procedure_id FROM record) AS r
    JOIN direct AS d ON d.kind = r.kind AND d.record_id = r.record_id
    JOIN omop.procedure_occurrence AS p ON p.procedure_occurrence_id = r.procedure_id AND p.person_id = r.person_id
),
-- a report whose text a document tells is that note
note_of AS (
    SELECT r.note_id AS record_id, min(n.note_id) AS note_id
    FROM records.report AS r
    JOIN omop.note AS n
        ON n.person_id = r.person_id AND md5(n.note_text) = md5(r.note_text)
        AND coalesce(n.visit_detail_id, n.visit_occurrence_id) IS NOT DISTINCT FROM r.visit_occurrence_id
        AND (r.visit_occurrence_id IS NOT NULL OR n.note_date = r.note_date)
    WHERE r.note_id NOT IN (SELECT note_id FROM omop.note)
        AND r.note_id IN (SELECT record_id FROM stated WHERE kind = 'report')
    GROUP BY r.note_id
),
-- one a pair, by the strongest basis; of series that a record names, all that it names
paired AS (
    SELECT DISTINCT
        s.kind,
        coalesce(n.note_id, s.record_id) AS record_id,
        s.person_id,
        s.study_id,
        s.series_id,
        s.rank
    FROM stated AS s
    LEFT JOIN note_of AS n ON s.kind = 'report' AND n.record_id = s.record_id
    QUALIFY s.rank = min(s.rank) OVER (PARTITION BY s.kind, coalesce(n.note_id, s.record_id), s.study_id, s.person_id)
),
-- reports and procedures by what they are called
called AS (
    SELECT 'report' AS kind, note_id AS record_id, person_id, note_date AS day, note_datetime AS time,
        lower(concat_ws(' ', note_title, source_display)) AS words
    FROM omop.note
    UNION ALL
    SELECT 'procedure', procedure_occurrence_id, person_id, procedure_date, procedure_datetime,
        lower(concat_ws(' ', source_display, procedure_source_value))
    FROM omop.procedure_occurrence
    WHERE procedure_occurrence_id NOT IN (SELECT made_id FROM study)
),
modality(code, pattern) AS (
    VALUES
        ('CR', '\b(x-?rays?|radiograph\w*|radiographic|cr)\b'),
        ('DX', '\b(x-?rays?|radiograph\w*|radiographic|dx|dr)\b'),
        ('CT', '\b(ct|cta|computed tomograph\w*|computeri[sz]ed tomograph\w*|cat scan)\b'),
        ('MR', '\b(mri?|mra|magnetic resonance)\b'),
        ('US', '\b(us|ultraso\w*|sonogra\w*|echocardiogra\w*|doppler)\b'),
        ('NM', '\b(nm|nuclear medicine|scintigra\w*|bone scan|spect)\b'),
        ('PT', '\b(pet|positron emission)\b'),
        ('MG', '\b(mg|mammogra\w*|tomosynthesis)\b'),
        ('XA', '\b(xa|angiogra\w*|arteriogra\w*|venogra\w*)\b'),
        ('RF', '\b(rf|fluoroscop\w*|barium)\b'),
        ('ES', '\b(endoscop\w*|colonoscop\w*|gastroscop\w*|bronchoscop\w*)\b'),
        ('ECG', '\b(ecg|ekg|electrocardiogra\w*)\b'),
        ('SM', '\b(patholog\w*|histolog\w*|slide)\b')
),
region(name, pattern) AS (
    VALUES
        ('head', '\b(head|brain|skull|cranial|cerebral|face|facial|sinus\w*|orbits?|jaw|mandible|dental)\b'),
        ('neck', '\b(neck|cervical|carotids?|thyroid|larynx|cspine)\b'),
        ('chest', '\b(chest|thora\w*|lungs?|ribs?|sternum|mediastin\w*|clavicle|tspine)\b'),
        ('heart', '\b(heart|cardiac|coronar\w*|echocardiogra\w*|aorta)\b'),
        ('breast', '\b(breasts?|mammogra\w*)\b'),
        ('abdomen', '\b(abdom\w*|liver|hepatic|kidneys?|renal|pancrea\w*|spleen|bowel|gallbladder|kub|lspine|lumbar)\b'),
        ('pelvis', '\b(pelvi\w*|hips?|bladder|uter\w*|obstetric\w*|fetal|prostate|sacr\w*)\b'),
        ('spine', '\b(spine|spinal|cspine|tspine|lspine|vertebra\w*|lumbar|cervical spine|thoracic spine)\b'),
        ('arm', '\b(shoulder|arm|humerus|elbow|forearm|wrist|hand|fingers?|radius|ulna|thumb)\b'),
        ('leg', '\b(leg|femur|thigh|knee|tibia|fibula|ankle|foot|toes?|heel|calcaneus)\b')
),
told AS (
    SELECT bool_or(day <> date_trunc('year', day)::DATE) AS days
    FROM (
        SELECT study_date AS day FROM study
        UNION ALL SELECT visit_start_date FROM omop.visit_occurrence
        UNION ALL SELECT day FROM called
    )
),
near AS (
    SELECT
        c.kind,
        c.record_id,
        c.person_id,
        s.study_id,
        c.words,
        lower(array_to_string(list_transform(s.body_parts, lambda part: replace(part, '_', ' ')), ' ')) AS parts,
        abs(date_diff('day', s.study_date, c.day)) AS days_apart,
        abs(date_diff('second', s.study_datetime, c.time)) AS seconds_apart
    FROM called AS c
    JOIN study AS s ON s.person_id = c.person_id AND abs(date_diff('day', s.study_date, c.day)) <= 1
    WHERE (SELECT days FROM told)
        AND EXISTS (
            SELECT 1 FROM modality AS m
            WHERE list_contains(s.modalities, m.code) AND regexp_matches(c.words, m.pattern)
        )
        AND NOT EXISTS (SELECT 1 FROM paired AS p WHERE p.kind = c.kind AND p.record_id = c.record_id)
        AND NOT EXISTS (
            SELECT 1 FROM paired AS p WHERE p.kind = c.kind AND p.study_id = s.study_id AND p.person_id = s.person_id
        )
        -- each with a number of its own, and not the same one: they are about other things
        AND NOT (
            EXISTS (SELECT 1 FROM numbered AS n WHERE n.study_id = s.study_id AND n.person_id = s.person_id)
            AND EXISTS (
                SELECT 1 FROM record AS r
                WHERE r.kind = c.kind AND r.record_id = c.record_id AND r.certain AND len(r.accession_ids) > 0
            )
        )
),
by_day AS (
    SELECT kind, record_id, person_id, study_id, days_apart
    FROM (
        SELECT
            n.kind, n.record_id, n.person_id, n.study_id, n.days_apart, n.seconds_apart, n.words, n.parts,
            list(r.name) FILTER (regexp_matches(n.words, r.pattern)) AS named,
            list(r.name) FILTER (regexp_matches(n.parts, r.pattern)) AS shown
        FROM near AS n
        CROSS JOIN region AS r
        GROUP BY ALL
    )
    -- another part of the body is another study; where one of them names none, modality and day decide
    WHERE coalesce(len(named), 0) = 0 OR coalesce(len(shown), 0) = 0 OR list_has_any(named, shown)
    QUALIFY rank() OVER (
        PARTITION BY kind, record_id
        ORDER BY coalesce(list_has_any(named, shown), false) DESC, days_apart, seconds_apart NULLS LAST
    ) = 1
),
pair AS (
    SELECT kind, record_id, person_id, study_id, series_id,
        ['series-uid', 'study-uid', 'accession', 'accession-normal', 'order'][rank] AS basis
    FROM paired
    UNION ALL
    SELECT kind, record_id, person_id, study_id, NULL, 'day' FROM by_day
),
-- visits as records about the study name them, else that in which it was made: the shortest of several
named_visit AS (
    SELECT p.study_id, p.person_id, o.visit_occurrence_id, 'procedure' AS basis, 1 AS rank
    FROM pair AS p
    JOIN omop.procedure_occurrence AS o ON p.kind = 'procedure' AND o.procedure_occurrence_id = p.record_id
    UNION ALL
    SELECT p.study_id, p.person_id, n.visit_occurrence_id, 'report', 2
    FROM pair AS p
    JOIN omop.note AS n ON p.kind = 'report' AND n.note_id = p.record_id
    UNION ALL
    SELECT p.study_id, p.person_id, coalesce(d.visit_occurrence_id, r.visit_occurrence_id), 'order', 3
    FROM pair AS p
    JOIN record AS r ON r.kind = p.kind AND r.record_id = p.record_id
    LEFT JOIN omop.visit_detail AS d ON d.visit_detail_id = r.visit_occurrence_id
    UNION ALL
    SELECT s.study_id, s.person_id, v.visit_occurrence_id, 'time', 4
    FROM study AS s
    JOIN omop.visit_occurrence AS v
        ON v.person_id = s.person_id AND s.study_datetime BETWEEN v.visit_start_datetime AND v.visit_end_datetime
    UNION ALL
    SELECT s.study_id, s.person_id, v.visit_occurrence_id, 'day', 5
    FROM study AS s
    JOIN omop.visit_occurrence AS v
        ON v.person_id = s.person_id AND s.study_date BETWEEN v.visit_start_date AND v.visit_end_date
    WHERE (SELECT days FROM told)
),
visit AS (
    SELECT
        n.study_id,
        n.person_id,
        n.visit_occurrence_id,
        n.basis,
        count(DISTINCT n.visit_occurrence_id) OVER (PARTITION BY n.study_id, n.person_id, n.rank) AS candidates
    FROM named_visit AS n
    JOIN omop.visit_occurrence AS v ON v.visit_occurrence_id = n.visit_occurrence_id AND v.person_id = n.person_id
    QUALIFY row_number() OVER (
        PARTITION BY n.study_id, n.person_id
        ORDER BY n.rank,
            coalesce(
                date_diff('second', v.visit_start_datetime, v.visit_end_datetime),
                date_diff('day', v.visit_start_date, v.visit_end_date) * 86400
            ),
            n.visit_occurrence_id
    ) = 1
)
SELECT
    p.study_id,
    p.person_id,
    p.kind,
    p.record_id,
    p.series_id,
    p.basis,
    abs(date_diff('day', s.study_date, c.day))::INTEGER AS days_apart,
    -- by day alone, one record may fit several studies, and one study several records
    CASE WHEN p.basis = 'day'
        THEN greatest(
            count(*) OVER (PARTITION BY p.kind, p.record_id), count(*) OVER (PARTITION BY p.kind, p.study_id, p.person_id)
        ) ELSE 1
    END AS candidates
FROM pair AS p
JOIN study AS s ON s.study_id = p.study_id AND s.person_id = p.person_id
LEFT JOIN called AS c ON c.kind = p.kind AND c.record_id = p.record_id
UNION ALL
SELECT v.study_id, v.person_id, 'visit', v.visit_occurrence_id, NULL, v.basis,
    greatest(
        date_diff('day', s.study_date, o.visit_start_date), date_diff('day', o.visit_end_date, s.study_date), 0
    )::INTEGER,
    v.candidates
FROM visit AS v
JOIN study AS s ON s.study_id = v.study_id AND s.person_id = v.person_id
JOIN omop.visit_occurrence AS o ON o.visit_occurrence_id = v.visit_occurrence_id
