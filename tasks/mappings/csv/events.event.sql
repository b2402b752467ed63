-- source: csv.event
-- One event for each record, of the kind that the mapping file says.
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    visit_id AS visit_occurrence_id,
    provider_id,
    kind AS domain,
    CASE type
        WHEN 'prescription' THEN 32838
        WHEN 'administration' THEN 32818
        WHEN 'lab' THEN 32856
        WHEN 'claim' THEN 32810
        WHEN 'registry' THEN 32879
        WHEN 'self-report' THEN 32865
        ELSE 32817  -- EHR
    END AS type_concept_id,
    CASE WHEN code IS NOT NULL THEN vocabulary END AS vocabulary,
    code,
    coalesce(display, display_text) AS display,
    start_date,
    start_datetime,
    end_date,
    end_datetime,
    status,
    stop_reason,
    value_number,
    value_text,
    CASE WHEN value_code IS NOT NULL THEN value_vocabulary END AS value_vocabulary,
    value_code,
    coalesce(value_display, value_display_text) AS value_display,
    operator,
    unit,
    unit_code,
    range_low,
    range_high,
    quantity,
    days_supply,
    refills,
    sig,
    CASE WHEN route_code IS NOT NULL THEN route_vocabulary END AS route_vocabulary,
    route_code,
    coalesce(route_display, route_display_text) AS route_display,
    dose_unit,
    lot_number,
    CASE WHEN modifier_code IS NOT NULL THEN modifier_vocabulary END AS modifier_vocabulary,
    modifier_code,
    coalesce(modifier_display, modifier_display_text) AS modifier_display
FROM csv_event
