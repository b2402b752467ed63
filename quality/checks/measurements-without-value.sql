-- severity: info
-- tables: omop.measurement
-- reason: without-value
-- Measurements without any result: of a panel the parts have them.
SELECT
    count(*) FILTER (
        WHERE value_as_number IS NULL AND coalesce(value_source_value, '') = '' AND coalesce(value_as_concept_id, 0) = 0
    ) AS failing,
    count(*) AS total
FROM omop.measurement
