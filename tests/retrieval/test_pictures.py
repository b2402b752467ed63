"""A picture to search with, whatever it is in; and what is told where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contracts.errors import Usage
from retrieval.pictures import read_picture
from tests.dicom_files import image, write

PIXELS = np.arange(16, dtype=np.uint8).reshape(4, 4)


def test_dicom_png_and_grey_kept_in_colours_are_one_picture(tmp_path: Path) -> None:
    dicom = read_picture(write(tmp_path / "a", image()))
    assert np.array_equal(dicom, PIXELS)
    Image.fromarray(PIXELS).save(tmp_path / "b.png")
    Image.fromarray(PIXELS).convert("RGB").save(tmp_path / "c.png")
    for name in ("b.png", "c.png"):
        assert np.array_equal(read_picture(tmp_path / name), PIXELS)


def test_deep_grey_and_colour_keep_what_they_tell(tmp_path: Path) -> None:
    deep = PIXELS.astype(np.uint16) * 4000
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.array_equal(read_picture(tmp_path / "deep.png"), deep)
    colour = np.dstack([PIXELS, PIXELS[::-1], PIXELS])
    Image.fromarray(colour).save(tmp_path / "colour.png")
    assert np.array_equal(read_picture(tmp_path / "colour.png"), colour)


@pytest.mark.parametrize(
    "content", [None, b"", b"nothing", b"\x89PNG\r\n\x1a\nbroken", b"\xff\xd8\xffbroken"]
)
def test_what_holds_no_picture_is_told_without_its_name(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "Larue605"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Usage) as told:
        read_picture(file)
    assert "Larue605" not in str(told.value)


def test_dicom_without_pixels_is_told(tmp_path: Path) -> None:
    with pytest.raises(Usage, match="no-pixels"):
        read_picture(write(tmp_path / "a", image(PixelData=None)))
