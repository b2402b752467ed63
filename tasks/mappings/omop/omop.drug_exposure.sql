-- source: omop.drug_exposure
-- Drug exposures as they are; one without an end ends on the day it began, as the CDM requires an end.
SELECT
    * REPLACE (
        coalesce(drug_concept_id, 0) AS drug_concept_id,
        coalesce(drug_type_concept_id, 0) AS drug_type_concept_id,
        coalesce(drug_exposure_end_date, drug_exposure_start_date) AS drug_exposure_end_date
    )
FROM omop_drug_exposure
