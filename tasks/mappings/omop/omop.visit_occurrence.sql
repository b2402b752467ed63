-- source: omop.visit_occurrence
-- Visits as they are; one without an end ends on the day it began, as the CDM requires an end.
SELECT
    * REPLACE (
        coalesce(visit_concept_id, 0) AS visit_concept_id,
        coalesce(visit_type_concept_id, 0) AS visit_type_concept_id,
        coalesce(visit_end_date, visit_start_date) AS visit_end_date
    )
FROM omop_visit_occurrence
