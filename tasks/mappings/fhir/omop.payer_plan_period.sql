-- source: fhir.coverage
-- One period for each Coverage with a beginning; one that has not ended ends on the day it began, as the CDM requires an
-- end.
SELECT
    _record, _owner, _version, _digest,
    coverage_id AS payer_plan_period_id,
    person_id,
    start_date AS payer_plan_period_start_date,
    coalesce(greatest(end_date, start_date), start_date) AS payer_plan_period_end_date,
    CASE WHEN payer IS NOT NULL THEN 0 END::BIGINT AS payer_concept_id,
    payer AS payer_source_value,
    CASE WHEN coalesce(plan, type_code, type_text) IS NOT NULL THEN 0 END::BIGINT AS plan_concept_id,
    coalesce(plan, type_display, type_text, type_code) AS plan_source_value
FROM fhir_coverage
