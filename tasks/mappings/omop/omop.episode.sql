-- source: omop.episode
-- Episodes as they are; a concept that the CDM requires is 0 where the source gives none.
SELECT
    * REPLACE (
        coalesce(episode_concept_id, 0) AS episode_concept_id,
        coalesce(episode_object_concept_id, 0) AS episode_object_concept_id,
        coalesce(episode_type_concept_id, 0) AS episode_type_concept_id
    )
FROM omop_episode
