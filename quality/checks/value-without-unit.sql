-- severity: info
-- each: omop.measurement=measurement omop.observation=observation
-- tables: {table}
-- reason: value-without-unit
-- Numbers without a unit: counts, scores and ratios have none by their nature.
SELECT
    count(*) FILTER (WHERE coalesce(unit_source_value, '') = '' AND coalesce(unit_concept_id, 0) = 0) AS failing,
    count(*) AS total
FROM {table}
WHERE value_as_number IS NOT NULL
