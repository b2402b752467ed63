-- severity: info
-- tables: omop.note omop.visit_occurrence
-- reason: note-without-visit
-- Notes that name no visit, or one that is not there.
SELECT
    count(*) FILTER (WHERE v.visit_occurrence_id IS NULL) AS failing,
    count(*) AS total
FROM omop.note AS n
LEFT JOIN omop.visit_occurrence AS v USING (visit_occurrence_id)
