-- severity: critical
-- tables: genomics.variant_quality genomics.variant genomics.file
-- reason: impossible-variant-quality
-- Counts of a variant's calls that cannot be: not one for each sample and alternate, more alleles than were called, shares
-- and probabilities outside 0 to 1, or of a record that is not among the variants.
SELECT
    count(*) FILTER (WHERE v.record_id IS NULL
        OR q.hom_ref + q.het + q.hom_alt + q.haploid_ref + q.haploid_alt + q.missing <> f.number_of_samples
        OR least(q.hom_ref, q.het, q.hom_alt, q.haploid_ref, q.haploid_alt, q.missing) < 0
        OR len(q.allele_counts) <> len(v.allele_ids) OR len(q.allele_frequencies) <> len(v.allele_ids)
        OR coalesce(list_min(q.allele_counts), 0) < 0 OR coalesce(list_sum(q.allele_counts), 0) > q.allele_number
        OR coalesce(list_min(q.allele_frequencies), 0) < 0 OR coalesce(list_max(q.allele_frequencies), 0) > 1
        OR q.call_rate NOT BETWEEN 0 AND 1 OR coalesce(q.hardy_weinberg_p NOT BETWEEN 0 AND 1.000001, false)
    ) AS failing,
    count(*) AS total
FROM genomics.variant_quality AS q
LEFT JOIN (SELECT record_id, allele_ids FROM genomics.variant) AS v USING (record_id)
LEFT JOIN genomics.file AS f ON f.file_id = q.file_id
