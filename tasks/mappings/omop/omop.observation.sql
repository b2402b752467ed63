-- source: omop.observation
-- Observations as they are; a concept that the CDM requires is 0 where the source gives none.
SELECT
    * REPLACE (
        coalesce(observation_concept_id, 0) AS observation_concept_id,
        coalesce(observation_type_concept_id, 0) AS observation_type_concept_id
    )
FROM omop_observation
