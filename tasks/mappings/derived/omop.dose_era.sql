-- source: omop.drug_exposure, vocabulary.strength
-- Exposures to one ingredient at one daily dose in a row, at most 30 days apart. A dose is known where the vocabulary states
-- the ingredient's amount in one piece of the drug and the source how many pieces last for how many days (amount times
-- quantity by days of supply), or where the vocabulary states what is released in an hour. Of what is a concentration no
-- dose is told: whether a source counts bottles or millilitres of it, no source says. The formulas are OHDSI's
-- (https://ohdsi.github.io/CommonDataModel/drug_dose.html), the first and the last.
WITH doses AS (
    SELECT
        d.person_id,
        s.ingredient_concept_id AS concept_id,
        CASE WHEN s.amount_value > 0 THEN s.amount_unit_concept_id ELSE s.numerator_unit_concept_id END AS unit_concept_id,
        CASE
            WHEN s.amount_value > 0 THEN
                CASE WHEN d.quantity > 0 AND d.days_supply > 0 THEN s.amount_value * d.quantity / d.days_supply END
            WHEN s.denominator_unit_concept_id = 8505 THEN  -- hour
                s.numerator_value * 24 / coalesce(nullif(s.denominator_value, 0), 1)
        END AS daily,
        d.drug_exposure_start_date AS start_date,
        greatest(d.drug_exposure_end_date, d.drug_exposure_start_date) AS end_date
    FROM omop.drug_exposure AS d
    JOIN vocabulary.strength AS s ON s.drug_concept_id = d.drug_concept_id
    WHERE d.drug_concept_id <> 0
),
spans AS (
    SELECT * EXCLUDE (daily), round(daily, 6) AS dose_value
    FROM doses
    WHERE daily > 0 AND unit_concept_id IS NOT NULL
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
