-- severity: warning
-- tables: genomics.sample_quality
-- reason: sample-hardly-called
-- Samples of which fewer than half of a hundred variants or more are called, in files where most samples are called.
SELECT
    count(*) FILTER (WHERE q.call_rate < 0.5 AND q.usual >= 0.5) AS failing,
    count(*) AS total
FROM (
    SELECT call_rate, hom_ref + het + hom_alt + haploid_ref + haploid_alt + missing AS records,
        median(call_rate) OVER (PARTITION BY file_id) AS usual
    FROM genomics.sample_quality
) AS q
WHERE q.records >= 100
