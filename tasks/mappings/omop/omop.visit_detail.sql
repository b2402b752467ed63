-- source: omop.visit_detail
-- Visit details as they are; one without an end ends on the day it began, as the CDM requires an end.
SELECT
    * REPLACE (
        coalesce(visit_detail_concept_id, 0) AS visit_detail_concept_id,
        coalesce(visit_detail_type_concept_id, 0) AS visit_detail_type_concept_id,
        coalesce(visit_detail_end_date, visit_detail_start_date) AS visit_detail_end_date
    )
FROM omop_visit_detail
