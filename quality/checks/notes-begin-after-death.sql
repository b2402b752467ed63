-- severity: warning
-- tables: omop.note omop.death
-- reason: note-after-death
-- Notes of a later day than the person's death, as the certification of a death is.
SELECT
    count(*) FILTER (WHERE n.note_date > d.death_date) AS failing,
    count(*) AS total
FROM omop.note AS n
JOIN omop.death AS d USING (person_id)
