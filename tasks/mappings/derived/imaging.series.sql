-- source: imaging.instance
-- One row for each series and person, its geometry judged over all of its slices: a Series Instance UID shared by two persons stays two rows.
-- A slice is a frame of an image that says where it lies in the patient (PS3.3 C.7.6.2, C.7.6.16). Places count along the normal of the series'
-- most frequent orientation; places within 0.01 mm are one. A spacing is odd that differs from the median by over 2% and 0.01 mm; one of 1.5 times
-- the median and more is a gap. A place is double that holds more slices than most places of the series hold (a series of phases holds several).
WITH image AS (
    SELECT
        *,
        len(image_position_patient_mm) = 3 AND len(image_orientation_patient) = 6 AS placed,
        list_transform(image_orientation_patient, lambda cosine: round(cosine, 3) + 0.0) AS direction
    FROM imaging.instance
),
plane AS ( -- how many images of the series lie in each direction; the most frequent one comes first
    SELECT
        series_id,
        person_id,
        direction,
        any_value(image_orientation_patient) AS cosines,
        row_number() OVER (PARTITION BY series_id, person_id ORDER BY count(*) DESC, direction) AS place_in_order
    FROM image
    WHERE placed
    GROUP BY series_id, person_id, direction
),
slice AS ( -- one row for each frame in the direction of most: where it lies along their normal
    SELECT
        i.series_id,
        i.person_id,
        unnest(
            CASE WHEN len(i.frame_positions_mm) > 0 THEN i.frame_positions_mm ELSE [
                i.image_position_patient_mm[1] * (p.cosines[2] * p.cosines[6] - p.cosines[3] * p.cosines[5])
                + i.image_position_patient_mm[2] * (p.cosines[3] * p.cosines[4] - p.cosines[1] * p.cosines[6])
                + i.image_position_patient_mm[3] * (p.cosines[1] * p.cosines[5] - p.cosines[2] * p.cosines[4])
            ] END
        ) AS place
    FROM image AS i
    JOIN plane AS p
        ON p.series_id = i.series_id AND p.person_id IS NOT DISTINCT FROM i.person_id
        AND p.direction = i.direction AND p.place_in_order = 1
    WHERE i.placed
),
stepped AS (
    SELECT *, place - lag(place) OVER w > 0.01 IS NOT FALSE AS begins
    FROM slice
    WINDOW w AS (PARTITION BY series_id, person_id ORDER BY place)
),
numbered AS (
    SELECT
        *,
        sum(begins::INT) OVER (PARTITION BY series_id, person_id ORDER BY place ROWS UNBOUNDED PRECEDING) AS number
    FROM stepped
),
position AS ( -- the distinct places, how many slices each holds, and how far it is from the one before
    SELECT
        series_id,
        person_id,
        number,
        count(*) AS slices,
        min(place) - lag(min(place)) OVER (PARTITION BY series_id, person_id ORDER BY number) AS spacing
    FROM numbered
    GROUP BY series_id, person_id, number
),
middle AS (
    SELECT series_id, person_id, median(spacing) AS spacing, mode(slices) AS slices, count(*) AS positions
    FROM position
    GROUP BY series_id, person_id
),
stack AS (
    SELECT
        p.series_id,
        p.person_id,
        any_value(m.spacing) AS spacing,
        any_value(m.slices) AS slices,
        any_value(m.positions) AS positions,
        count(*) FILTER (abs(p.spacing - m.spacing) > 0.01 + 0.02 * m.spacing) AS odd,
        coalesce(sum(round(p.spacing / m.spacing) - 1) FILTER (p.spacing >= 1.5 * m.spacing), 0) AS absent,
        count(*) FILTER (p.slices > m.slices) AS doubled
    FROM position AS p
    JOIN middle AS m ON m.series_id = p.series_id AND m.person_id IS NOT DISTINCT FROM p.person_id
    GROUP BY p.series_id, p.person_id
),
direction AS (
    SELECT series_id, person_id, count(*) AS directions
    FROM plane
    GROUP BY series_id, person_id
),
series AS (
    SELECT
        series_id,
        person_id,
        min(study_id) AS study_id,
        min(series_instance_uid) AS series_instance_uid,
        min(modality) AS modality,
        min(series_number) AS series_number,
        min(series_date) AS series_date,
        min(series_datetime) AS series_datetime,
        min(series_description) AS series_description,
        min(protocol_name) AS protocol_name,
        min(body_part_examined) AS body_part_examined,
        CASE WHEN count(DISTINCT laterality) = 1 THEN min(laterality) END AS laterality,
        min(manufacturer) AS manufacturer,
        min(manufacturer_model_name) AS manufacturer_model_name,
        CASE WHEN count(DISTINCT frame_of_reference_uid) = 1 THEN min(frame_of_reference_uid) END AS frame_of_reference_uid,
        CASE WHEN min(rows) = max(rows) THEN min(rows) END AS rows,
        CASE WHEN min(columns) = max(columns) THEN min(columns) END AS columns,
        CASE WHEN count(DISTINCT pixel_spacing_mm) = 1 THEN any_value(pixel_spacing_mm) END AS pixel_spacing_mm,
        CASE WHEN min(slice_thickness_mm) = max(slice_thickness_mm) THEN min(slice_thickness_mm) END AS slice_thickness_mm,
        count(*) AS number_of_instances,
        sum(coalesce(number_of_frames, CASE WHEN has_pixels THEN 1 ELSE 0 END))::BIGINT AS number_of_frames,
        sum(size_bytes)::BIGINT AS size_bytes,
        count(*) FILTER (has_pixels AND placed IS NOT TRUE) AS unplaced,
        count(*) FILTER (placed) AS placed,
        max(number_of_orientations) AS frame_directions,
        count(DISTINCT frame_of_reference_uid) AS frames_of_reference,
        count(DISTINCT (rows, columns)) AS sizes,
        -- numbers that are missing between the first and the last: only where each image has its own
        CASE
            WHEN count(DISTINCT instance_number) = count(*) AND max(instance_number) - min(instance_number) < 1000000
            THEN max(instance_number) - min(instance_number) + 1 - count(*)
        END AS numbers_missing
    FROM image
    GROUP BY series_id, person_id
),
judged AS (
    SELECT
        s.*,
        t.spacing,
        t.slices,
        t.positions,
        t.absent,
        t.doubled,
        CASE WHEN s.placed > 0 THEN greatest(d.directions, coalesce(s.frame_directions, 1)) END AS directions,
        CASE WHEN s.placed > 0 THEN list_filter([
            CASE WHEN greatest(d.directions, coalesce(s.frame_directions, 1)) > 1 THEN 'mixed-orientation' END,
            CASE WHEN s.frames_of_reference > 1 THEN 'mixed-frame-of-reference' END,
            CASE WHEN s.sizes > 1 THEN 'mixed-size' END,
            CASE WHEN s.unplaced > 0 THEN 'position-missing' END,
            CASE WHEN t.doubled > 0 THEN 'duplicate-position' END,
            CASE WHEN t.absent > 0 THEN 'gap' END,
            CASE WHEN t.odd > 0 AND t.absent = 0 THEN 'irregular-spacing' END
        ], lambda fault: fault IS NOT NULL) END AS faults
    FROM series AS s
    LEFT JOIN stack AS t ON t.series_id = s.series_id AND t.person_id IS NOT DISTINCT FROM s.person_id
    LEFT JOIN direction AS d ON d.series_id = s.series_id AND d.person_id IS NOT DISTINCT FROM s.person_id
)
SELECT
    series_id,
    study_id,
    person_id,
    series_instance_uid,
    modality,
    series_number,
    series_date,
    series_datetime,
    series_description,
    protocol_name,
    body_part_examined,
    laterality,
    manufacturer,
    manufacturer_model_name,
    frame_of_reference_uid,
    rows,
    columns,
    pixel_spacing_mm,
    slice_thickness_mm,
    number_of_instances,
    number_of_frames,
    size_bytes,
    CASE
        WHEN faults IS NULL THEN 'none'
        WHEN len(faults) > 0 THEN 'faulty'
        WHEN positions = 1 THEN 'single'
        ELSE 'regular'
    END AS geometry,
    faults AS geometry_faults,
    CASE WHEN faults IS NOT NULL THEN round(spacing, 4) END AS slice_spacing_mm,
    positions AS number_of_positions,
    slices AS slices_per_position,
    directions::INT AS number_of_orientations,
    absent::BIGINT AS missing_slices,
    doubled AS duplicate_positions,
    numbers_missing::BIGINT AS missing_instance_numbers
FROM judged
