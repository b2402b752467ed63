-- severity: critical
-- tables: genomics.sample_quality genomics.sample
-- reason: impossible-sample-quality
-- Counts of a sample that cannot be: below 0, shares outside 0 to 1, another number of records than of the file's other
-- samples, or of a sample that its file does not have.
SELECT
    count(*) FILTER (WHERE s.sample_id IS NULL
        OR coalesce(q.call_rate NOT BETWEEN 0 AND 1, false)
        OR least(q.hom_ref, q.het, q.hom_alt, q.haploid_ref, q.haploid_alt, q.missing) < 0
        OR least(q.transitions, q.transversions, q.insertions, q.deletions, q.others, coalesce(q.singletons, 0)) < 0
        OR coalesce(least(q.het_hom_ratio, q.ti_tv_ratio, q.mean_depth) < 0, false)
        OR q.records <> q.records_of_file
    ) AS failing,
    count(*) AS total
FROM (
    SELECT *, hom_ref + het + hom_alt + haploid_ref + haploid_alt + missing AS records,
        max(hom_ref + het + hom_alt + haploid_ref + haploid_alt + missing) OVER (PARTITION BY file_id) AS records_of_file
    FROM genomics.sample_quality
) AS q
LEFT JOIN genomics.sample AS s USING (file_id, sample_index, sample_id)
