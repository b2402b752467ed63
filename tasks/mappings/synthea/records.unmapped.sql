-- source: synthea.careplan, synthea.imaging_study, synthea.payer, synthea.claim, synthea.claim_transaction
-- One row for each record that has no home in OMOP: all of its columns that may stay, as JSON.
WITH whole AS (
    SELECT
        _record, _owner, _version, _digest,
        record_id,
        person_id,
        record_type,
        -- merging leaves out what is null
        json_merge_patch(
            json_merge_patch('{}', to_json(r)),
            '{"_record": null, "_owner": null, "_version": null, "_digest": null, "record_id": null, "person_id": null}'
        )::VARCHAR AS resource
    FROM source_rows AS r
)
SELECT
    * EXCLUDE (resource),
    -- under safe_harbor the year is all that is left of a date
    CASE
        WHEN getvariable('profile') = 'safe_harbor' THEN regexp_replace(resource, '"(\d{4})-01-01"', '"\1"', 'g')
        ELSE resource
    END AS resource
FROM whole
