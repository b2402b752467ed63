-- severity: critical
-- tables: genomics.variant
-- reason: allele-of-several-assemblies
-- Ids of variants that stand under more than one assembly: whoever joins by them would mix positions that never compare.
SELECT
    count(*) FILTER (WHERE assemblies > 1) AS failing,
    count(*) AS total
FROM (
    SELECT variant_id, count(DISTINCT coalesce(assembly, '')) AS assemblies FROM genomics.variant GROUP BY variant_id
)
