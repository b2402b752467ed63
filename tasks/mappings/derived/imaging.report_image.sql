-- source: imaging.series, imaging.link, omop.note
-- Which note tells of which series: all series of the studies that a report is about, or those that it names itself.
SELECT
    n.note_id,
    s.series_id,
    s.person_id,
    s.study_id,
    s.modality,
    l.basis,
    l.days_apart,
    l.candidates
FROM imaging.link AS l
JOIN omop.note AS n ON n.note_id = l.record_id AND n.person_id = l.person_id
JOIN imaging.series AS s
    ON s.study_id = l.study_id AND s.person_id = l.person_id AND coalesce(l.series_id, s.series_id) = s.series_id
WHERE l.kind = 'report'
