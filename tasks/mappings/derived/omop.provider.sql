-- source: records.provider, records.patient, omop.visit_occurrence, omop.visit_detail, omop.condition_occurrence, omop.drug_exposure, omop.procedure_occurrence, omop.device_exposure, omop.measurement, omop.observation, omop.note
-- One row for each form in which a practitioner is referred to, else for the preferred one; roles add what they tell.
WITH referred AS (
    SELECT provider_id FROM omop.visit_occurrence
    UNION SELECT provider_id FROM omop.visit_detail
    UNION SELECT provider_id FROM omop.condition_occurrence
    UNION SELECT provider_id FROM omop.drug_exposure
    UNION SELECT provider_id FROM omop.procedure_occurrence
    UNION SELECT provider_id FROM omop.device_exposure
    UNION SELECT provider_id FROM omop.measurement
    UNION SELECT provider_id FROM omop.observation
    UNION SELECT provider_id FROM omop.note
    UNION SELECT provider_id FROM records.patient
),
forms AS (
    SELECT *, provider_id IN (SELECT provider_id FROM referred WHERE provider_id IS NOT NULL) AS is_referred
    FROM records.provider
),
-- of a record that nobody refers to, the preferred form stands for it
shown AS (
    SELECT DISTINCT provider_id
    FROM (SELECT *, bool_or(is_referred) OVER (PARTITION BY record_id) AS is_known FROM forms)
    WHERE is_referred OR (preferred AND NOT is_known)
),
-- what is told of a form: by the records that have it, then by those that share another form with these
told AS (
    SELECT shown.provider_id, 0 AS distance, one.* EXCLUDE (provider_id)
    FROM shown JOIN forms AS one USING (provider_id)
    UNION ALL
    SELECT shown.provider_id, 1, other.* EXCLUDE (provider_id)
    FROM shown
    JOIN forms AS one USING (provider_id)
    JOIN forms AS same ON same.record_id = one.record_id AND same.provider_id <> one.provider_id
    JOIN forms AS other ON other.provider_id = same.provider_id AND other.record_id <> one.record_id
)
SELECT
    provider_id,
    NULL::VARCHAR AS provider_name,
    NULL::VARCHAR AS npi,
    NULL::VARCHAR AS dea,
    coalesce(first(specialty_concept_id ORDER BY distance, record_id) FILTER (specialty_concept_id IS NOT NULL), 0)
        AS specialty_concept_id,
    first(care_site_id ORDER BY distance, record_id) FILTER (care_site_id IS NOT NULL) AS care_site_id,
    first(year_of_birth ORDER BY distance, record_id) FILTER (year_of_birth IS NOT NULL) AS year_of_birth,
    coalesce(first(gender_concept_id ORDER BY distance, record_id) FILTER (gender_concept_id IS NOT NULL), 0)
        AS gender_concept_id,
    NULL::VARCHAR AS provider_source_value,
    first(specialty_source_value ORDER BY distance, record_id) FILTER (specialty_source_value IS NOT NULL)
        AS specialty_source_value,
    0::BIGINT AS specialty_source_concept_id,
    first(gender_source_value ORDER BY distance, record_id) FILTER (gender_source_value IS NOT NULL)
        AS gender_source_value,
    0::BIGINT AS gender_source_concept_id
FROM told
GROUP BY provider_id
