-- source: omop.condition_occurrence
-- Conditions of one concept in a row: at most 30 days lie between the end of what came before and the next one's start, as
-- the CDM asks (persistence window of 30 days). Where no end is known, it is the day after the start, as in OHDSI's own
-- script. A condition without a concept (0) makes no era: two of them need not be of one kind.
WITH spans AS (
    SELECT
        person_id,
        condition_concept_id AS concept_id,
        condition_start_date AS start_date,
        greatest(coalesce(condition_end_date, condition_start_date + 1), condition_start_date) AS end_date
    FROM omop.condition_occurrence
    WHERE condition_concept_id <> 0
),
marked AS (
    SELECT
        *,
        max(end_date) OVER (
            PARTITION BY person_id, concept_id ORDER BY start_date, end_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS known_until
    FROM spans
),
numbered AS (
    SELECT
        *,
        sum(CASE WHEN start_date <= known_until + 30 THEN 0 ELSE 1 END) OVER (
            PARTITION BY person_id, concept_id ORDER BY start_date, end_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS era
    FROM marked
)
SELECT
    -- person and era are keyed or coded already, so the hash needs no key of its own
    (md5_number_lower('condition_era:' || person_id || ':' || concept_id || ':' || min(start_date)) >> 1)::BIGINT
        AS condition_era_id,
    person_id,
    concept_id AS condition_concept_id,
    min(start_date) AS condition_era_start_date,
    max(end_date) AS condition_era_end_date,
    count(*)::INTEGER AS condition_occurrence_count
FROM numbered
GROUP BY person_id, concept_id, era
