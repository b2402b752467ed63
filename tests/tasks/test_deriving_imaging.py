"""Series judged over all of their slices: phantoms, each with one fault."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pytest

from contracts.schemas import table_named
from tasks.mappings import mappings

AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
CORONAL = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]
OBLIQUE = [0.8, 0.6, 0.0, 0.0, 0.0, -1.0]
Image = dict[str, Any]


def derive(table: str, images: list[Image]) -> list[dict[str, Any]]:
    """The rows that a derived table's mapping makes of images."""
    schema = table_named("imaging.instance").schema
    rows = pa.Table.from_pylist([{**dict.fromkeys(schema.names), **image} for image in images], schema=schema)
    connection = duckdb.connect(config={"threads": 1})
    connection.register("_images", rows)
    connection.execute("CREATE SCHEMA imaging; CREATE VIEW imaging.instance AS FROM _images")
    made = connection.sql(mappings("derived")[table].sql).to_arrow_table()
    wanted = table_named(table).schema
    assert made.schema.names == wanted.names
    made = made.cast(wanted)
    made.validate(full=True)
    for field in wanted:
        assert field.nullable or not made[field.name].null_count, field.name
    found: list[dict[str, Any]] = made.to_pylist()
    return found


def stack(
    count: int = 20, spacing: float = 2.5, orientation: list[float] = AXIAL, **more: Any
) -> list[Image]:
    """A stack of slices along the normal of its orientation, in the order of their numbers."""
    a, b, c, d, e, f = orientation
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    return [
        {
            "instance_id": n, "series_id": 1, "study_id": 1, "person_id": 7, "sop_instance_uid": f"2.25.{n}",
            "series_instance_uid": "2.25.1", "study_instance_uid": "2.25.0", "has_pixels": True, "modality": "CT",
            "instance_number": n, "rows": 512, "columns": 512, "frame_of_reference_uid": "2.25.9", "size_bytes": 10,
            "pixel_spacing_mm": [0.7, 0.7], "image_orientation_patient": orientation,
            "image_position_patient_mm": [10.0 + n * spacing * x for x in normal], **more,
        }
        for n in range(1, count + 1)
    ]  # fmt: skip


def judge(images: list[Image]) -> dict[str, Any]:
    [row] = derive("imaging.series", images)
    return row


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, OBLIQUE])
def test_a_whole_stack_is_regular(orientation: list[float]) -> None:
    row = judge(stack(orientation=orientation))
    assert (row["geometry"], row["geometry_faults"]) == ("regular", [])
    assert row["slice_spacing_mm"] == 2.5
    assert (row["number_of_positions"], row["slices_per_position"], row["number_of_orientations"]) == (
        20,
        1,
        1,
    )
    assert (row["missing_slices"], row["duplicate_positions"], row["missing_instance_numbers"]) == (0, 0, 0)
    assert (row["number_of_instances"], row["number_of_frames"], row["size_bytes"]) == (20, 20, 200)
    assert (row["rows"], row["columns"], row["pixel_spacing_mm"]) == (512, 512, [0.7, 0.7])


def test_the_order_of_files_and_the_noise_of_positions_do_not_matter() -> None:
    images = stack()[::-1]
    for number, image in enumerate(images):
        image["image_position_patient_mm"][2] += 0.004 * (-1) ** number
    assert judge(images)["geometry"] == "regular"


def test_slices_that_are_missing_are_gaps_and_counted() -> None:
    images = [image for image in stack() if image["instance_number"] not in (5, 12, 13)]
    row = judge(images)
    assert (row["geometry"], row["geometry_faults"]) == ("faulty", ["gap"])
    assert (row["missing_slices"], row["missing_instance_numbers"], row["slice_spacing_mm"]) == (3, 3, 2.5)


def test_slices_missing_at_an_end_show_in_their_numbers_alone() -> None:
    images = [image for image in stack() if image["instance_number"] != 20]
    images[-1]["instance_number"] = 22
    row = judge(images)
    assert (row["geometry"], row["missing_slices"], row["missing_instance_numbers"]) == ("regular", 0, 3)


def test_a_position_twice_is_a_duplicate() -> None:
    images = stack()
    again = {**images[4], "instance_id": 99, "instance_number": 21}
    row = judge([*images, again])
    assert (row["geometry"], row["geometry_faults"]) == ("faulty", ["duplicate-position"])
    assert (row["duplicate_positions"], row["number_of_positions"]) == (1, 20)


def test_phases_at_every_position_are_no_duplicates() -> None:
    late = [
        {**image, "instance_id": 100 + image["instance_id"], "instance_number": None} for image in stack()
    ]
    row = judge([*stack(), *late])
    assert (row["geometry"], row["slices_per_position"], row["number_of_positions"]) == ("regular", 2, 20)
    assert row["missing_instance_numbers"] is None, "numbers are not each image's own"


def test_a_localizer_in_the_series_is_another_orientation() -> None:
    localizer = {**stack(1, orientation=CORONAL)[0], "instance_id": 50, "instance_number": 21}
    row = judge([*stack(), localizer])
    assert (row["geometry"], row["geometry_faults"]) == ("faulty", ["mixed-orientation"])
    assert (row["number_of_orientations"], row["number_of_positions"]) == (2, 20)
    flags = [f for f in derive("imaging.flag", [*stack(), localizer]) if f["flag"] == "other-orientation"]
    assert [(f["instance_id"], f["number_of_instances"]) for f in flags] == [(50, 1)]


def test_spacing_that_changes_is_irregular() -> None:
    images = stack()
    for image in images[10:]:
        image["image_position_patient_mm"][2] += 0.5
    row = judge(images)
    assert (row["geometry"], row["geometry_faults"], row["missing_slices"]) == (
        "faulty",
        ["irregular-spacing"],
        0,
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"rows": 256}, "mixed-size"),
        ({"frame_of_reference_uid": "2.25.8"}, "mixed-frame-of-reference"),
        ({"image_position_patient_mm": None}, "position-missing"),
    ],
)
def test_what_differs_within_a_series_is_told(change: Image, fault: str) -> None:
    images = stack()
    images[-1] |= change
    row = judge(images)
    assert (row["geometry"], row["geometry_faults"]) == ("faulty", [fault])


def test_images_without_places_have_no_geometry() -> None:
    images = stack(3, image_orientation_patient=None)
    for image in images:
        image["image_position_patient_mm"] = None
    row = judge(images)
    assert (row["geometry"], row["geometry_faults"], row["number_of_positions"]) == ("none", None, None)
    single = judge(stack(1))
    assert (single["geometry"], single["slice_spacing_mm"], single["number_of_positions"]) == (
        "single",
        None,
        1,
    )


def test_frames_of_one_image_are_slices() -> None:
    frames = [3.0 * n for n in range(10)]
    [image] = stack(1, number_of_frames=10, frame_positions_mm=frames, number_of_orientations=1)
    row = judge([image])
    assert (row["geometry"], row["slice_spacing_mm"], row["number_of_positions"]) == ("regular", 3.0, 10)
    assert row["number_of_frames"] == 10
    gap = judge([{**image, "frame_positions_mm": [*frames[:4], *frames[5:]]}])
    assert (gap["geometry_faults"], gap["missing_slices"]) == (["gap"], 1)
    mixed = judge([{**image, "number_of_orientations": 2}])
    assert mixed["geometry_faults"] == ["mixed-orientation"]


def test_a_series_of_two_persons_is_two_rows_and_its_study_is_flagged() -> None:
    images = stack(4)
    images[3]["person_id"] = None
    assert len(derive("imaging.series", images)) == len(derive("imaging.study", images)) == 2
    flags = [f for f in derive("imaging.flag", images) if f["flag"] == "study-of-several-persons"]
    assert [f["number_of_instances"] for f in flags] == [4] * 4


def test_one_uid_with_two_contents_is_flagged() -> None:
    images = stack(3)
    images[2]["sop_instance_uid"] = images[1]["sop_instance_uid"]
    flags = [f for f in derive("imaging.flag", images) if f["flag"] == "same-uid-other-content"]
    assert sorted(f["instance_id"] for f in flags) == [2, 3]


def test_studies_add_their_series_up() -> None:
    other = [{**image, "instance_id": 100 + image["instance_id"], "series_id": 2, "modality": "SR", "has_pixels": False}
             for image in stack(1)]  # fmt: skip
    [row] = derive("imaging.study", [*stack(5, body_part_examined="CHEST"), *other])
    assert (row["modalities"], row["body_parts"]) == (["CT", "SR"], ["CHEST"])
    assert (row["number_of_series"], row["number_of_instances"], row["number_of_frames"]) == (2, 6, 5)
    assert row["size_bytes"] == 60
