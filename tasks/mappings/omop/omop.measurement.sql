-- source: omop.measurement
-- Measurements as they are; the time of day goes under safe_harbor, and a date in its place is shifted like any other.
SELECT
    * REPLACE (
        coalesce(measurement_concept_id, 0) AS measurement_concept_id,
        coalesce(measurement_type_concept_id, 0) AS measurement_type_concept_id,
        CASE WHEN getvariable('profile') <> 'safe_harbor'
            THEN coalesce(measurement_time, measurement_time_date::VARCHAR) END AS measurement_time
    )
FROM omop_measurement
