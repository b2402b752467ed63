-- severity: critical
-- tables: genomics.call genomics.sample
-- reason: call-count-differs
-- Calls that have not one genotype for each sample of their file: the lists would name the wrong people.
WITH samples AS (SELECT file_id, count(*) AS n FROM genomics.sample GROUP BY file_id)
SELECT
    count(*) FILTER (WHERE len(c.genotype) <> coalesce(s.n, 0)) AS failing,
    count(*) AS total
FROM genomics.call AS c
LEFT JOIN samples AS s USING (file_id)
