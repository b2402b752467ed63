"""What is held and why, what the report says of it, and what other settings make of the same files."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.dicom_files import image
from tests.flows.house import House
from tests.imaging.nights import contents, image_night, store, written
from tests.imaging.pictures import document, head, save, screenshot, swollen, uids, ultrasound

MODE, FACES = "NIGHTROUNDS_IMAGING__BURNED_IN", "NIGHTROUNDS_IMAGING__FACES"
SECONDS, MEMORY = "NIGHTROUNDS_IMAGING__SECONDS_PER_FILE", "NIGHTROUNDS_IMAGING__MEMORY_PER_FILE_MIB"


def _held(house: House) -> dict[str, int]:
    rows = house.rows("imaging.object", "status", "reason", "object_key")
    assert rows.filter(pl.col("object_key").is_null() != (pl.col("status") == "held")).is_empty()
    return dict(rows["reason"].drop_nulls().value_counts().iter_rows())


def _ultrasound_of(house: House) -> tuple[dict[str, Any], Any]:
    (row,) = house.rows("imaging.object").filter(status="written", face="no").to_dicts()
    (made,) = [d for d in written(house) if d.Modality == "US"]
    return row, made.pixel_array


def test_settings_decide_what_is_held_and_hidden(house: House) -> None:
    pacs = house.add("pacs", "dicom", snapshot=True)
    for number in range(10):
        save(pacs / f"head{number}.dcm", head(number))
    scan = ultrasound(20, "DOE JANE 4711\nDEPTH 16 cm")
    save(pacs / "scan.dcm", scan)
    save(pacs / "screen.dcm", screenshot(21))
    save(pacs / "letter.dcm", document(22))

    night = image_night(house)
    assert night.objects["status"] == {"held": 12, "written": 1}
    assert _held(house) == night.objects["held"] == {"face": 10, "screenshot": 1, "encapsulated-document": 1}
    assert "| held: face | 10 |" in night.page and "FACES" not in night.page
    row, shown = _ultrasound_of(house)
    assert (row["boxes_hidden"], row["texts_kept"]) == (1, 1)
    assert not shown[14:34].any() and shown[36:60].any(), "the name is hidden, the depth stays"

    # faces released by choice: the report says so; the ultrasound is the same to the byte
    before = contents(house)[row["object_key"]]
    night = image_night(house, **{FACES: "release", MODE: "strict"})
    assert (
        night.objects["faces released"] == 10 and "| FACES ARE RELEASED: images written | 10 |" in night.page
    )
    assert _held(house) == {"screenshot": 1, "encapsulated-document": 1}
    row, shown = _ultrasound_of(house)
    assert (row["boxes_hidden"], row["texts_kept"]) == (2, 0), "strict hides all text"
    assert not shown[:60].any()

    # not looked at at all: pixels as they came, and what is held for other reasons stays held
    night = image_night(house, **{MODE: "off"})
    assert night.objects["frames checked"] == 0 and night.objects["burned_in"] == "off"
    assert _held(house) == {"face": 10, "screenshot": 1, "encapsulated-document": 1}
    assert len(contents(house)) == 2, "heads that were released are gone"
    row, shown = _ultrasound_of(house)
    assert (shown == scan.pixel_array).all() and row["pixel_digest"] == row["shown_digest"]
    (made,) = written(house)
    codes = {item.CodeValue for item in made.DeidentificationMethodCodeSequence}
    assert "BurnedInAnnotation" not in made and "113101" not in codes, "nothing is claimed of the pixels"

    assert image_night(house).objects["made"] == 13
    assert contents(house)[row["object_key"]] == before


def test_what_costs_too_much_is_held_and_the_rest_goes_on(house: House) -> None:
    pacs = house.add("pacs", "dicom", snapshot=True)
    save(pacs / "good.dcm", image(**uids(1)))
    save(pacs / "swollen.dcm", swollen(2, 11_008))
    texts = [f"{'ABCDEFGHIJ'[n % 10]}{n * 7919 % 100_000} NAME\n{n * 104_729 % 99_991}" for n in range(150)]
    save(pacs / "long.dcm", ultrasound(3, *texts))
    limits = {SECONDS: "6", MEMORY: "1200"}
    night = image_night(house, **limits)
    assert _held(house) == {"too-long": 1, "too-much-memory": 1}
    assert night.objects["status"] == {"held": 2, "written": 1} and night.objects["left"] == 0
    assert night.state == "published" and "problem" not in night.objects
    assert image_night(house, **limits).objects["made"] == 0, "it is not tried again each night"

    (pacs / "long.dcm").unlink()
    night = image_night(house, **{SECONDS: "120", MEMORY: "3072"})
    assert night.objects["made"] == 1 and _held(house) == {}, "higher limits are tried"


def test_a_crash_is_repaired_by_the_next_night(house: House, monkeypatch: Any) -> None:
    from flows.stages import imaging

    pacs = house.add("pacs", "dicom", snapshot=True)
    for number in range(3):
        save(pacs / f"{number}.dcm", image(**uids(number, number), PixelData=bytes([number]) * 16))
    whole = imaging._commit

    def killed(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(imaging, "_commit", killed)
    with pytest.raises(KeyboardInterrupt):
        image_night(house)
    assert len(contents(house)) == 6 and not house.lake.version("imaging.object"), "files without rows"

    # before the next night one of them is withdrawn, and a draft is left: neither may stay
    monkeypatch.setattr(imaging, "_commit", whole)
    (pacs / "2.dcm").unlink()
    left = next(iter(store(house).keys()))
    store(house).path(left).with_name(".0123456789abcdef.tmp").write_bytes(b"x")
    night = image_night(house)
    assert night.objects["status"] == {"written": 2} and night.objects["left"] == 0
    keys = set(house.rows("imaging.object")["object_key"])
    assert {key for key in contents(house) if key.endswith(".dcm")} == keys and len(contents(house)) == 4
    assert image_night(house).objects["made"] == 0
