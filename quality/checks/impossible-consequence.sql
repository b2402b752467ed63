-- severity: critical
-- tables: genomics.consequence genomics.variant
-- reason: impossible-consequence
-- Annotations of an allele that their record does not have, or of a record that is not among the variants: they would tell
-- of another change than the one that somebody carries.
SELECT
    count(*) FILTER (WHERE v.record_id IS NULL OR c.variant_id <> v.variant_id OR c.consequence_index < 0
        OR coalesce(c.allele_index NOT BETWEEN 1 AND len(v.alternates), false)
    ) AS failing,
    count(*) AS total
FROM genomics.consequence AS c
LEFT JOIN (SELECT record_id, variant_id, alternates FROM genomics.variant) AS v USING (record_id)
