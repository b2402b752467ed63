-- source: events.routed
-- Drugs prescribed, dispensed, administered or taken, vaccines included.
SELECT
    _record, _owner, _version, _digest,
    row_id AS drug_exposure_id,
    person_id,
    concept_id AS drug_concept_id,
    start_date AS drug_exposure_start_date,
    start_datetime AS drug_exposure_start_datetime,
    -- the CDM wants an end: the stated one, else that of the supply, else the day itself
    CASE
        -- a year is all that is left of a date: no days can be added to it
        WHEN getvariable('profile') = 'safe_harbor' THEN greatest(coalesce(end_date, start_date), start_date)
        ELSE greatest(
            coalesce(end_date, (start_date + (greatest(coalesce(days_supply, 1), 1) - 1)::INTEGER)::DATE), start_date
        )
    END AS drug_exposure_end_date,
    end_datetime AS drug_exposure_end_datetime,
    end_date AS verbatim_end_date,
    type_concept_id AS drug_type_concept_id,
    stop_reason,
    refills,
    quantity,
    days_supply,
    sig,
    route_concept_id,
    lot_number,
    provider_id,
    visit_occurrence_id,
    visit_detail_id,
    coalesce(code, display) AS drug_source_value,
    source_concept_id AS drug_source_concept_id,
    coalesce(route_code, route_display) AS route_source_value,
    dose_unit AS dose_unit_source_value,
    vocabulary AS source_vocabulary,
    display AS source_display
FROM events_routed
WHERE target = 'drug_exposure'
