-- severity: info
-- tables: imaging.instance records.accession
-- reason: report-without-images
-- Reports that name an accession number which no image has, in whichever form.
WITH named AS (
    SELECT record_id, unnest(list_concat(accession_ids, accession_normal_ids)) AS number
    FROM records.accession
    WHERE kind = 'report' AND certain
),
held AS (
    SELECT accession_id AS number FROM imaging.instance
    UNION
    SELECT accession_normal_id FROM imaging.instance
)
SELECT
    count(*) FILTER (WHERE NOT found) AS failing,
    count(*) AS total
FROM (
    SELECT named.record_id, bool_or(held.number IS NOT NULL) AS found
    FROM named
    LEFT JOIN held USING (number)
    GROUP BY named.record_id
)
