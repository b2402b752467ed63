-- source: records.unmapped
-- One row for each coding of a Medication or Device that stands as a record of its own, by the id that others refer to.
WITH things AS (
    SELECT DISTINCT ON (kind, thing_id)
        record_type AS kind,
        try_cast(json_extract_string(resource, '$.id') AS BIGINT) AS thing_id,
        CASE record_type
            WHEN 'Medication' THEN json_extract(resource, '$.code.coding[*]')
            ELSE json_extract(resource, '$.type.coding[*]')
        END AS codings
    FROM records.unmapped
    WHERE record_type IN ('Medication', 'Device')
    ORDER BY kind, thing_id, record_id
),
listed AS (
    SELECT kind, thing_id, unnest(codings) AS coding, generate_subscripts(codings, 1) AS place
    FROM things
    WHERE thing_id IS NOT NULL
)
SELECT
    thing_id,
    place,
    kind,
    json_extract_string(coding, '$.system') AS system,
    json_extract_string(coding, '$.code') AS code,
    json_extract_string(coding, '$.display') AS display
FROM listed
WHERE json_extract_string(coding, '$.code') IS NOT NULL
