-- severity: warning
-- tables: omop.measurement
-- reason: implausible-measurement
-- Common vital signs and laboratory results beyond what has been seen in living people: by LOINC code and unit, lowest and
-- highest value. The limits are the valid ranges of MIMIC-Extract (Wang et al. 2020, resources/variable_ranges.csv).
WITH units (unit, spellings) AS (
    VALUES
        ('Cel', ['cel', 'c', '°c', 'degc', 'deg c']),
        ('/min', ['/min', '{beats}/min', 'beats/min', 'beats/minute', '{breaths}/min', 'breaths/min', 'bpm']),
        ('%', ['%', 'percent']),
        ('mm[Hg]', ['mm[hg]', 'mmhg', 'mm hg']),
        ('kg', ['kg', 'kgs']),
        ('cm', ['cm']),
        ('g/dL', ['g/dl', 'gm/dl']),
        ('mg/dL', ['mg/dl']),
        ('mmol/L', ['mmol/l', 'meq/l']),
        ('U/L', ['u/l', '[u]/l', 'iu/l', '[iu]/l']),
        ('10*3/uL', ['10*3/ul', 'k/ul', '10^3/ul', 'x10^3/ul', '10*9/l', '10^9/l']),
        ('{score}', ['{score}', 'score'])
),
plausible (code, unit, low, high) AS (
    VALUES
        ('8310-5', 'Cel', 26, 45),          -- body temperature
        ('8867-4', '/min', 0, 350),         -- heart rate
        ('9279-1', '/min', 0, 300),         -- respiratory rate
        ('2708-6', '%', 0, 100),            -- oxygen saturation, arterial
        ('59408-5', '%', 0, 100),           -- oxygen saturation, pulse oximetry
        ('8480-6', 'mm[Hg]', 0, 375),       -- systolic blood pressure
        ('8462-4', 'mm[Hg]', 0, 375),       -- diastolic blood pressure
        ('8478-0', 'mm[Hg]', 14, 330),      -- mean blood pressure
        ('29463-7', 'kg', 0, 250),          -- body weight
        ('8302-2', 'cm', 0, 240),           -- body height
        ('9269-2', '{score}', 3, 15),       -- Glasgow coma score
        ('718-7', 'g/dL', 0, 25),           -- haemoglobin
        ('4544-3', '%', 0, 75),             -- haematocrit, automated
        ('20570-8', '%', 0, 75),            -- haematocrit
        ('6690-2', '10*3/uL', 0, 1000),     -- leukocytes
        ('777-3', '10*3/uL', 0, 2000),      -- platelets
        ('2951-2', 'mmol/L', 50, 225),      -- sodium
        ('2947-0', 'mmol/L', 50, 225),      -- sodium, blood
        ('2823-3', 'mmol/L', 0, 12),        -- potassium
        ('6298-4', 'mmol/L', 0, 12),        -- potassium, blood
        ('2075-0', 'mmol/L', 50, 175),      -- chloride
        ('2069-3', 'mmol/L', 50, 175),      -- chloride, blood
        ('2028-9', 'mmol/L', 0, 60),        -- carbon dioxide, total
        ('20565-8', 'mmol/L', 0, 60),       -- carbon dioxide, total, blood
        ('2160-0', 'mg/dL', 0.1, 60),       -- creatinine
        ('38483-4', 'mg/dL', 0.1, 60),      -- creatinine, blood
        ('3094-0', 'mg/dL', 0, 250),        -- urea nitrogen
        ('6299-2', 'mg/dL', 0, 250),        -- urea nitrogen, blood
        ('2345-7', 'mg/dL', 33, 2000),      -- glucose
        ('2339-0', 'mg/dL', 33, 2000),      -- glucose, blood
        ('1751-7', 'g/dL', 0.6, 6),         -- albumin
        ('1975-2', 'mg/dL', 0.1, 60),       -- bilirubin, total
        ('2093-3', 'mg/dL', 32, 600),       -- cholesterol
        ('1742-6', 'U/L', 2, 10000),        -- alanine aminotransferase
        ('1920-8', 'U/L', 6, 20000),        -- aspartate aminotransferase
        ('6768-6', 'U/L', 20, 3625)         -- alkaline phosphatase
),
spelled AS (SELECT unit, unnest(spellings) AS spelling FROM units)
SELECT
    count(*) FILTER (WHERE m.value_as_number NOT BETWEEN p.low AND p.high) AS failing,
    count(m.value_as_number) AS total
FROM omop.measurement AS m
JOIN plausible AS p ON p.code = m.measurement_source_value
JOIN spelled AS s ON s.unit = p.unit AND s.spelling = lower(m.unit_source_value)
