-- source: fhir.allergy_intolerance
-- One event for each AllergyIntolerance: an observation, never an exposure to what the person must not be given.
WITH named AS (
    SELECT *,
        -- SNOMED's own words tell "Allergy to penicillin" from "Penicillin (substance)"
        code_system = 'SNOMED' AND regexp_matches(
            coalesce(code_display, ''), 'allerg|intoleran|sensitivity|adverse|disorder|finding|situation', 'i'
        ) AS is_allergy
    FROM fhir_allergy_intolerance
)
SELECT
    _record, _owner, _version, _digest,
    allergy_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    provider_id,
    'Observation' AS domain,
    32817 AS type_concept_id,  -- EHR
    -- the code of a substance is kept from being looked up as the substance; it is the value, too
    CASE WHEN code IS NULL THEN NULL WHEN is_allergy THEN code_system ELSE concat_ws(' ', 'allergy to', code_system) END
        AS vocabulary,
    code,
    coalesce(code_display, code_text) AS display,
    coalesce(onset_date, recorded_date) AS start_date,
    CASE WHEN onset_date IS NULL THEN recorded_datetime ELSE onset_datetime END AS start_datetime,
    verification_status AS status,
    CASE WHEN clinical_status IN ('inactive', 'resolved') THEN clinical_status END AS stop_reason,
    CASE WHEN NOT is_allergy THEN code_system END AS value_vocabulary,
    CASE WHEN NOT is_allergy THEN code END AS value_code,
    CASE WHEN NOT is_allergy AND code IS NOT NULL THEN coalesce(code_display, code_text) END AS value_display,
    -- what it does to the person
    reaction_system AS modifier_vocabulary,
    reaction_code AS modifier_code,
    coalesce(reaction_display, reaction_text) AS modifier_display
FROM named
