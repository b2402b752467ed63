-- source: fhir.diagnostic_report
-- One event for each DiagnosticReport, its conclusion as the value; its results are Observations of their own. A report
-- that concludes nothing and has its text inside is told by its note: an event would only say that there is a report.
SELECT
    _record, _owner, _version, _digest,
    document_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    -- sections of HL7 table 0074 that measure
    CASE WHEN category IN ('LAB', 'BLB', 'CG', 'CH', 'HM', 'IMM', 'MB', 'MCB', 'MYC', 'SP', 'SR', 'TX', 'VR', 'PAT')
        THEN 'Measurement' ELSE 'Observation' END AS domain,
    32817 AS type_concept_id,  -- EHR
    type_system AS vocabulary,
    type_code AS code,
    coalesce(type_display, type_text) AS display,
    coalesce(start_date, authored_date) AS start_date,
    CASE WHEN start_date IS NULL THEN authored_datetime ELSE start_datetime END AS start_datetime,
    end_date,
    end_datetime,
    status,
    CASE WHEN conclusion_code IS NULL THEN coalesce(conclusion, conclusion_text) END AS value_text,
    conclusion_system AS value_vocabulary,
    conclusion_code AS value_code,
    CASE WHEN conclusion_code IS NOT NULL THEN coalesce(conclusion_display, conclusion_text) END AS value_display
FROM fhir_diagnostic_report
WHERE coalesce(conclusion_code, conclusion, conclusion_text) IS NOT NULL OR NOT regexp_matches(coalesce(text, ''), '\S')
