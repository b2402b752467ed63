-- severity: critical
-- tables: genomics.file_quality genomics.file
-- reason: impossible-file-quality
-- Counts of a file that cannot be: below 0, more variants than it has records, more of several alternates than variants,
-- or of a file that is not there.
SELECT
    count(*) FILTER (WHERE f.file_id IS NULL OR q.variants > f.number_of_records OR q.multiallelic > q.variants
        OR least(q.variants, q.multiallelic, q.transitions, q.transversions, q.insertions, q.deletions, q.others) < 0
    ) AS failing,
    count(*) AS total
FROM genomics.file_quality AS q
LEFT JOIN genomics.file AS f USING (file_id)
