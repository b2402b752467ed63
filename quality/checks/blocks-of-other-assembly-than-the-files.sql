-- severity: critical
-- tables: genomics.reference_block genomics.file
-- reason: assembly-other-than-the-files
-- Reference blocks whose assembly is not that of the file they stand in.
SELECT
    count(*) FILTER (WHERE b.assembly IS DISTINCT FROM f.assembly) AS failing,
    count(*) AS total
FROM genomics.reference_block AS b
JOIN genomics.file AS f USING (file_id)
