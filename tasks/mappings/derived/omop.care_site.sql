-- source: records.place, records.patient, records.provider, omop.visit_occurrence, omop.visit_detail
-- One row for each form in which a place of care is referred to, else for the preferred one.
WITH referred AS (
    SELECT care_site_id AS place_id FROM omop.visit_occurrence
    UNION SELECT care_site_id FROM omop.visit_detail
    UNION SELECT care_site_id FROM records.patient
    UNION SELECT care_site_id FROM records.provider
),
forms AS (
    SELECT *, place_id IN (SELECT place_id FROM referred WHERE place_id IS NOT NULL) AS is_referred
    FROM records.place
    WHERE kind = 'care_site'
),
shown AS (
    SELECT *
    FROM (SELECT *, bool_or(is_referred) OVER (PARTITION BY record_id) AS is_known FROM forms)
    WHERE is_referred OR (preferred AND NOT is_known)
)
SELECT
    place_id AS care_site_id,
    first(care_site_name ORDER BY record_id) FILTER (care_site_name IS NOT NULL) AS care_site_name,
    coalesce(
        first(place_of_service_concept_id ORDER BY record_id) FILTER (place_of_service_concept_id IS NOT NULL), 0
    ) AS place_of_service_concept_id,
    first(location_id ORDER BY record_id) FILTER (location_id IS NOT NULL) AS location_id,
    NULL::VARCHAR AS care_site_source_value,
    first(place_of_service_source_value ORDER BY record_id) FILTER (place_of_service_source_value IS NOT NULL)
        AS place_of_service_source_value
FROM shown
GROUP BY place_id
