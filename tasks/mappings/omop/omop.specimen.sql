-- source: omop.specimen
-- Specimens as they are, without their numbers at the source.
SELECT
    * REPLACE (
        coalesce(specimen_concept_id, 0) AS specimen_concept_id,
        coalesce(specimen_type_concept_id, 0) AS specimen_type_concept_id
    )
FROM omop_specimen
