-- source: omop.drug_exposure
-- The start of each exposure to a drug, vaccines included; the number is the quantity, where one is stated.
SELECT
    person_id AS subject_id,
    coalesce(drug_exposure_start_datetime, drug_exposure_start_date::TIMESTAMP) AS time,
    40 AS rank,
    drug_exposure_id AS row_id,
    'DRUG' AS kind,
    drug_concept_id AS concept_id,
    source_vocabulary,
    drug_source_value AS source_value,
    source_display,
    nullif(quantity, 0) AS numeric_value,
    CASE WHEN quantity <> 0 THEN dose_unit_source_value END AS unit,
    visit_occurrence_id AS visit_id,
    'drug_exposure' AS "table"
FROM omop.drug_exposure
