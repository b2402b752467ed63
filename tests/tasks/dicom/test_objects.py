"""Objects: text hidden and nothing else, pixels as they were, files held for a reason, limits kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread
from pydicom.uid import RLELossless

from contracts.errors import Rejected
from stores.objects import Objects, object_key, preview_key
from tasks.apart import TOO_LONG
from tasks.dicom.apart import Apart
from tasks.dicom.burned_in.judging import HIDE, KEEP, judge_line
from tasks.dicom.burned_in.reading import Line
from tasks.dicom.burned_in.risk import Facts, judge_risk
from tasks.dicom.burned_in.strokes import Seen
from tasks.dicom.faces import facing_series
from tasks.dicom.objects import ObjectJob, ObjectTask, make_object
from tasks.dicom.policy import ImagePolicy
from tasks.imaging import INDEX_COLUMNS
from tasks.workroom import save_image_policy
from tests.dicom_files import image, write
from tests.tasks.rooms import DAY, Room, make_room


def _ultrasound(text: str, frames: int = 1, **elements: Any) -> Any:
    canvas = Image.new("L", (320, 240), 0)
    draw = ImageDraw.Draw(canvas)
    draw.ellipse((60, 80, 260, 220), fill=90)
    draw.text((12, 14), text, fill=255, font=ImageFont.load_default(size=18))
    draw.text((12, 200), "16 cm", fill=255, font=ImageFont.load_default(size=18))
    pixels = np.stack([np.array(canvas)] * frames)
    more = {"NumberOfFrames": frames} if frames > 1 else {}
    return image(Modality="US", Rows=240, Columns=320, PixelData=pixels.tobytes(), **more, **elements)


def _task(room: Room, **verdicts: bool) -> ObjectTask:
    (surveyed,) = room.survey()
    return ObjectTask(11, 12, 13, surveyed.unit, "made", **verdicts)


def _made(room: Room, **verdicts: bool) -> dict[str, Any]:
    return make_object(ObjectJob(str(room.work.home.path), DAY, _task(room, **verdicts)))


def _objects(room: Room) -> Objects:
    return Objects(room.work.home.objects)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_burned_in_name_is_hidden_and_the_rest_stays(tmp_path: Path, compressed: bool) -> None:
    room = make_room(tmp_path, "dicom")
    source = _ultrasound("DOE JANE 4711", frames=2, LossyImageCompression="01")
    before = source.pixel_array
    if compressed:
        source.compress(RLELossless, generate_instance_uid=False)
    write(room.folder / "a.dcm", source)
    row = _made(room)
    assert (row["status"], row["risk_rule"], row["frames_changed"]) == ("written", "secondary-capture", 2)
    assert row["boxes_hidden"] == 1 and row["texts_kept"] == 1 and row["frames_read"] == 1
    assert row["pixel_digest"] != row["shown_digest"]
    written = dcmread(_objects(room).path(row["object_key"]))
    after = written.pixel_array
    assert not after[:, 14:34, 12:150].any()
    assert (after[:, 60:] == before[:, 60:]).all()
    assert written.BurnedInAnnotation == "NO" and written.LossyImageCompression == "01"
    assert "Doe" not in str(written.PatientName)


def test_an_image_without_text_is_the_same_to_the_bit(tmp_path: Path) -> None:
    room = make_room(tmp_path, "dicom")
    source = image(Modality="US")
    write(room.folder / "a.dcm", source)
    row = _made(room)
    assert row["status"] == "written" and row["boxes_hidden"] == 0
    assert row["pixel_digest"] == row["shown_digest"]
    written = dcmread(_objects(room).path(row["object_key"]))
    assert written.PixelData == source.PixelData
    assert _objects(room).holds(preview_key(row["object_key"]))


@pytest.mark.parametrize(
    ("dataset", "verdicts", "reason"),
    [
        (lambda: image(Modality="CT"), {"face": True}, "face"),
        (lambda: image(ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"]), {}, "screenshot"),
        (lambda: image(PixelData=bytes(4)), {}, "pixels-undecodable"),
        (lambda: image(PixelData=None, EncapsulatedDocument=b"%PDF"), {}, "encapsulated-document"),
    ],
)
def test_files_are_held_for_a_reason(tmp_path: Path, dataset: Any, verdicts: Any, reason: str) -> None:
    room = make_room(tmp_path, "dicom")
    write(room.folder / "a.dcm", dataset())
    row = _made(room, **verdicts)
    assert (row["status"], row["reason"], row["object_key"]) == ("held", reason, None)
    assert not list(_objects(room).keys())


def test_a_file_that_takes_too_long_is_held_and_the_next_is_made(tmp_path: Path) -> None:
    room = make_room(tmp_path, "dicom")
    write(room.folder / "a.dcm", image(Modality="US"))
    job = ObjectJob(str(room.work.home.path), DAY, _task(room))
    apart = Apart(3 << 30)
    try:
        with pytest.raises(Rejected) as caught:
            apart.make(job, 0.0)
        assert caught.value.reason == TOO_LONG
        assert apart.make(job, 120.0)["status"] == "written"
    finally:
        apart.close()


def test_objects_are_removed_and_strangers_swept(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    key, other = object_key(7, "2.25.1", 8), object_key(7, "not a uid", 9)
    for one in (key, other, preview_key(key)):
        objects.write(one, b"x")
    (tmp_path / key).with_name(".left.tmp").write_bytes(b"x")
    assert objects.sweep({key}) == 2
    assert sorted(objects.keys()) == sorted([key, preview_key(key)])
    assert objects.remove([key, key]) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "strict", "verdict"),
    [
        ("SUPINE", False, KEEP),
        ("MI 1.1", False, KEEP),
        ("16cm", False, KEEP),
        ("16cm", True, HIDE),
        ("5/25/2011", False, HIDE),
        ("ACC 88213", False, HIDE),
        ("BAPTIST MED CTR", False, HIDE),
        ("LEFT", False, HIDE),  # the person's name here
    ],
)
def test_texts_stay_only_if_they_are_markers(text: str, strict: bool, verdict: str) -> None:
    assert judge_line(Line((0, 0, 9, 9), text, 0.9), strict, frozenset({"left"})) == verdict


def test_rules_of_risk() -> None:
    ct = Facts("CT", "1.2.840.10008.5.1.4.1.1.2", ("ORIGINAL", "PRIMARY"), "", 1, "SIEMENS")
    assert judge_risk(ct, "default").verdict == "sample"
    assert judge_risk(ct, "strict").verdict == "check"
    assert judge_risk(ct, "default", closely=True).verdict == "check"
    assert judge_risk(ct, "off").verdict == "spare"
    stated = Facts("CT", "1.2.840.10008.5.1.4.1.1.2", ("ORIGINAL",), "YES", 1, "SIEMENS")
    assert judge_risk(stated, "default").rule == "stated"
    assert judge_risk(Facts(), "default").verdict == "check"


def test_only_what_differs_from_frames_read_is_read() -> None:
    still = np.zeros((128, 256), np.uint8)
    still[8:20, 8:100:3] = 200
    seen = Seen()
    assert seen.unread(still) is not None
    seen.add(still)
    assert seen.unread(still) is None
    moved = still.copy()
    moved[80:92, 200:230:3] = 200
    left, top, right, bottom = seen.unread(moved) or (0, 0, 0, 0)
    assert left > 100 and top > 20 and right >= 230 and bottom >= 92
    assert seen.unread(np.zeros((128, 256), np.uint8)) is None


def test_faces_are_of_heads_with_enough_slices() -> None:
    def series(number: int, count: int, **said: Any) -> list[dict[str, Any]]:
        row = dict.fromkeys(INDEX_COLUMNS) | {"series_id": number, "modality": "CT", "has_pixels": True}
        return [row | {"rows": 512, "columns": 512, "pixel_spacing_mm": [0.5, 0.5]} | said] * count

    rows = [
        *series(1, 20, body_part_examined="HEAD"),
        *series(2, 3, body_part_examined="HEAD"),
        *series(3, 20, series_description="Abdomen axial"),
        *series(4, 20),
        *series(5, 20, modality="US", body_part_examined="HEAD"),
        *series(6, 20, pixel_spacing_mm=[0.9, 0.9]),
    ]
    lists = {"frame_positions_mm": pl.List(pl.Float64), "pixel_spacing_mm": pl.List(pl.Float64)}
    texts: tuple[str, ...] = (
        "sop_class_uid",
        "body_part_examined",
        "body_part_code_meaning",
        "protocol_name",
    )
    texts += ("series_description", "study_description")
    schema = lists | dict.fromkeys(texts, pl.String) | {"number_of_frames": pl.Int32}
    assert facing_series(pl.DataFrame(rows, schema_overrides=schema)) == {1, 4}


def test_overlays_that_nobody_reads_are_held_with_pixels_and_without(tmp_path: Path) -> None:
    room = make_room(tmp_path, "dicom")
    save_image_policy(room.work.vault, ImagePolicy({"clean_graphics": True}))
    drawn = {"OverlayRows": 4, "OverlayColumns": 4, "OverlayType": "G", "OverlayData": bytes(2)}
    for pixels in (bytes(range(16)), None):
        made = image(PixelData=pixels)
        plane = {0x60000010: "US", 0x60000011: "US", 0x60000040: "CS", 0x60003000: "OB"}
        for (tag, vr), value in zip(plane.items(), drawn.values(), strict=True):
            made.add_new(tag, vr, value)
        write(room.folder / "a.dcm", made)
        row = _made(room)
        assert (row["status"], row["reason"]) == ("held", "overlay-not-read")
    save_image_policy(room.work.vault, ImagePolicy())
    row = _made(room)
    assert row["status"] == "written"
    assert 0x60003000 not in dcmread(_objects(room).path(row["object_key"]))
