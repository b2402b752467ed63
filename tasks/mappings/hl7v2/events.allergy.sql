-- source: hl7v2.allergy
-- One event for each AL1 or IAM: that there is an allergy, by its kind; what the person is allergic to is the value.
-- The allergen is not the event's code: a code for a drug would make an exposure of it.
SELECT
    _record, _owner, _version, _digest,
    event_id,
    person_id,
    visit_id AS visit_occurrence_id,
    'Observation' AS domain,
    32817 AS type_concept_id,  -- EHR
    CASE WHEN kind IS NOT NULL THEN 'HL70127' END AS vocabulary,
    kind AS code,
    CASE kind
        WHEN 'DA' THEN 'Drug allergy'
        WHEN 'FA' THEN 'Food allergy'
        WHEN 'MA' THEN 'Miscellaneous allergy'
        WHEN 'MC' THEN 'Miscellaneous contraindication'
        WHEN 'EA' THEN 'Environmental allergy'
        WHEN 'AA' THEN 'Animal allergy'
        WHEN 'PA' THEN 'Plant allergy'
        WHEN 'LA' THEN 'Pollen allergy'
        ELSE 'Allergy'
    END AS display,
    start_date,
    start_datetime,
    value_system AS value_vocabulary,
    value_code,
    coalesce(value_display, value_text) AS value_display,
    CASE WHEN severity IS NOT NULL THEN 'HL70128' END AS modifier_vocabulary,
    severity AS modifier_code
FROM hl7v2_allergy
