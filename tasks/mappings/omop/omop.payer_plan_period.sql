-- source: omop.payer_plan_period
-- Periods of coverage as they are, without the number of a family's policy.
SELECT
    *
FROM omop_payer_plan_period
