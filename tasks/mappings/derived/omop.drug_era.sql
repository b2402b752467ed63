-- source: omop.drug_exposure, vocabulary.ingredient
-- Exposures to one ingredient in a row: at most 30 days lie between the end of what came before and the next one's start, as
-- the CDM asks. The ingredients are the vocabulary's; a drug of which it knows none stands for itself. `gap_days` are the
-- days within that no exposure covers. A drug without a concept (0) makes no era.
WITH spans AS (
    SELECT
        d.person_id,
        coalesce(i.ingredient_concept_id, d.drug_concept_id) AS concept_id,
        d.drug_exposure_start_date AS start_date,
        greatest(d.drug_exposure_end_date, d.drug_exposure_start_date) AS end_date
    FROM omop.drug_exposure AS d
    LEFT JOIN vocabulary.ingredient AS i ON i.drug_concept_id = d.drug_concept_id
    WHERE d.drug_concept_id <> 0
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
        CASE WHEN start_date <= known_until + 30 THEN greatest(start_date - known_until - 1, 0) ELSE 0 END AS gap_days,
        sum(CASE WHEN start_date <= known_until + 30 THEN 0 ELSE 1 END) OVER (
            PARTITION BY person_id, concept_id ORDER BY start_date, end_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS era
    FROM marked
)
SELECT
    (md5_number_lower('drug_era:' || person_id || ':' || concept_id || ':' || min(start_date)) >> 1)::BIGINT AS drug_era_id,
    person_id,
    concept_id AS drug_concept_id,
    min(start_date) AS drug_era_start_date,
    max(end_date) AS drug_era_end_date,
    count(*)::INTEGER AS drug_exposure_count,
    sum(gap_days)::INTEGER AS gap_days
FROM numbered
GROUP BY person_id, concept_id, era
