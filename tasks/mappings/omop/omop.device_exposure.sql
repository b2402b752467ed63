-- source: omop.device_exposure
-- Devices as they are, without the numbers of single devices.
SELECT
    * REPLACE (
        coalesce(device_concept_id, 0) AS device_concept_id,
        coalesce(device_type_concept_id, 0) AS device_type_concept_id
    )
FROM omop_device_exposure
