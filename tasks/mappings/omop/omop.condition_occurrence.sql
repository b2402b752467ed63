-- source: omop.condition_occurrence
-- Conditions as they are; a concept that the CDM requires is 0 where the source gives none.
SELECT
    * REPLACE (
        coalesce(condition_concept_id, 0) AS condition_concept_id,
        coalesce(condition_type_concept_id, 0) AS condition_type_concept_id
    )
FROM omop_condition_occurrence
