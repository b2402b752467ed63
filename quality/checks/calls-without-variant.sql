-- severity: critical
-- tables: genomics.call genomics.variant
-- reason: call-without-variant
-- Calls whose record is not among the variants.
SELECT
    count(*) FILTER (WHERE v.record_id IS NULL) AS failing,
    count(*) AS total
FROM genomics.call AS c
LEFT JOIN (SELECT DISTINCT record_id FROM genomics.variant) AS v USING (record_id)
