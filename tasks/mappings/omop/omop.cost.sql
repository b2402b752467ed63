-- source: omop.cost
-- Costs as they are, linked to what they are of by its domain.
SELECT
    * REPLACE (
        coalesce(cost_type_concept_id, 0) AS cost_type_concept_id
    )
FROM omop_cost
