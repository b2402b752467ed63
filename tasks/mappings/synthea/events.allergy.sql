-- source: synthea.allergy
-- One event for each row of allergies.csv: an observation, never an exposure to what the person must not be given.
WITH named AS (
    SELECT *,
        -- SNOMED's own words tell "Allergy to penicillin" from "Penicillin (substance)"
        system = 'SNOMED' AND regexp_matches(
            coalesce(description, ''), 'allerg|intoleran|sensitivity|adverse|disorder|finding|situation', 'i'
        ) AS is_allergy,
        nullif(concat_ws('; ',
            nullif(concat_ws(', ', reaction1_words, lower(severity1)), ''),
            nullif(concat_ws(', ', reaction2_words, lower(severity2)), '')
        ), '') AS reactions
    FROM synthea_allergy
)
SELECT
    _record, _owner, _version, _digest,
    record_id AS event_id,
    person_id,
    encounter_id AS visit_occurrence_id,
    'Observation' AS domain,
    32817 AS type_concept_id,  -- EHR
    -- the code of a substance is kept from being looked up as the substance; it is the value, too
    CASE WHEN code IS NULL THEN NULL WHEN is_allergy THEN system ELSE concat_ws(' ', 'allergy to', system) END
        AS vocabulary,
    code,
    description AS display,
    start_date,
    start_datetime,
    end_date,
    end_datetime,
    CASE WHEN NOT is_allergy THEN system END AS value_vocabulary,
    CASE WHEN NOT is_allergy THEN code END AS value_code,
    -- what it does to the person, and how badly, is told in the value's words; the first reaction's code is the qualifier
    CASE WHEN NOT is_allergy THEN concat_ws(': ', description, reactions) ELSE reactions END AS value_display,
    CASE WHEN reaction1 IS NOT NULL THEN 'SNOMED' END AS modifier_vocabulary,
    reaction1 AS modifier_code,
    reaction1_words AS modifier_display
FROM named
