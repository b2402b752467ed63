-- severity: critical
-- tables: genomics.reference_block genomics.sample
-- reason: call-count-differs
-- Reference blocks that have not one genotype for each sample of their file.
WITH samples AS (SELECT file_id, count(*) AS n FROM genomics.sample GROUP BY file_id)
SELECT
    count(*) FILTER (WHERE len(b.genotype) <> coalesce(s.n, 0)) AS failing,
    count(*) AS total
FROM genomics.reference_block AS b
LEFT JOIN samples AS s USING (file_id)
