-- source: omop.drug_exposure, vocabulary.strength
-- Exposures to one ingredient at one daily dose in a row, at most 30 days apart. A dose is known where the vocabulary states
-- the ingredient's amount in one piece of the drug and the source how many pieces last for how many days: amount times
-- quantity by days of supply, as OHDSI's script for fixed amounts. Any other exposure makes no dose era.
WITH spans AS (
    SELECT
        d.person_id,
        s.ingredient_concept_id AS concept_id,
        s.amount_unit_concept_id AS unit_concept_id,
        round(s.amount_value * d.quantity / d.days_supply, 6) AS dose_value,
        d.drug_exposure_start_date AS start_date,
        greatest(d.drug_exposure_end_date, d.drug_exposure_start_date) AS end_date
    FROM omop.drug_exposure AS d
    JOIN vocabulary.strength AS s ON s.drug_concept_id = d.drug_concept_id
    WHERE d.drug_concept_id <> 0 AND d.quantity > 0 AND d.days_supply > 0
        AND s.amount_value > 0 AND s.amount_unit_concept_id IS NOT NULL
),
marked AS (
    SELECT
        *,
        max(end_date) OVER (
            PARTITION BY person_id, concept_id, unit_concept_id, dose_value ORDER BY start_date, end_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS known_until
    FROM spans
),
numbered AS (
    SELECT
        *,
        sum(CASE WHEN start_date <= known_until + 30 THEN 0 ELSE 1 END) OVER (
            PARTITION BY person_id, concept_id, unit_concept_id, dose_value ORDER BY start_date, end_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS era
    FROM marked
)
SELECT
    (md5_number_lower(
        'dose_era:' || person_id || ':' || concept_id || ':' || unit_concept_id || ':' || dose_value || ':' || min(start_date)
    ) >> 1)::BIGINT AS dose_era_id,
    person_id,
    concept_id AS drug_concept_id,
    unit_concept_id,
    dose_value,
    min(start_date) AS dose_era_start_date,
    max(end_date) AS dose_era_end_date
FROM numbered
GROUP BY person_id, concept_id, unit_concept_id, dose_value, era
