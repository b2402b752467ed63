-- source: omop.procedure_occurrence
-- Procedures as they are; a concept that the CDM requires is 0 where the source gives none.
SELECT
    * REPLACE (
        coalesce(procedure_concept_id, 0) AS procedure_concept_id,
        coalesce(procedure_type_concept_id, 0) AS procedure_type_concept_id
    )
FROM omop_procedure_occurrence
