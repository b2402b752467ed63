-- source: ccda.allergy
-- One event for each allergy: that there is one, by its kind; what the person is allergic to is the value.
-- The allergen is not the event's code: a code for a drug would make an exposure of it.
SELECT
    _record, _owner, _version, _digest,
    event_id,
    person_id,
    visit_id AS visit_occurrence_id,
    provider_id,
    'Observation' AS domain,
    32817 AS type_concept_id,  -- EHR
    system AS vocabulary,
    code,
    coalesce(display, text, 'Allergy') AS display,
    start_date,
    start_datetime,
    clinical_status AS status,
    value_system AS value_vocabulary,
    value_code,
    coalesce(value_display, value_text) AS value_display,
    -- what it does to the person, else how severe it is
    CASE WHEN reacts THEN reaction_system ELSE severity_system END AS modifier_vocabulary,
    CASE WHEN reacts THEN reaction_code ELSE severity_code END AS modifier_code,
    CASE WHEN reacts THEN coalesce(reaction_display, reaction_text) ELSE coalesce(severity_display, severity_text) END
        AS modifier_display
FROM (SELECT *, coalesce(reaction_code, reaction_text) IS NOT NULL AS reacts FROM ccda_allergy)
