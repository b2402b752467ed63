-- severity: critical
-- tables: genomics.variant genomics.file
-- reason: assembly-other-than-the-files
-- Variants whose assembly is not that of the file they stand in, so that their positions would be taken for others.
SELECT
    count(*) FILTER (WHERE v.assembly IS DISTINCT FROM f.assembly) AS failing,
    count(*) AS total
FROM genomics.variant AS v
JOIN genomics.file AS f USING (file_id)
