"""The demo's page in a real browser: wide and narrow, without a horizontal scroll bar."""

from __future__ import annotations

import html
import re
import struct
from pathlib import Path

import pytest

from tests.browser.chromium import find_chromium, read_page, take_screenshot
from tests.demo.made import Made, make_demo

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def made() -> Made:
    find_chromium()
    return make_demo()


@pytest.mark.parametrize(("width", "height"), [(1280, 1000), (390, 844)])
def test_a_picture_is_taken(made: Made, tmp_path: Path, width: int, height: int) -> None:
    image = take_screenshot(made.out / "demo.html", tmp_path / "page.png", width=width, height=height)
    content = image.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (width, height)
    assert len(content) > 30_000, "the picture is all but empty"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(made: Made, tmp_path: Path, width: int) -> None:
    page = re.sub(r"<meta http-equiv[^>]*>", "", made.page)  # the policy forbids the frame that measures
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<!doctype html><meta charset="utf-8"><iframe style="border:0;width:{width}px;height:900px" '
        f'srcdoc="{html.escape(page)}" onload="measure(this)"></iframe><p id="p">not measured</p><script>'
        "function measure(f) { const d = f.contentDocument.documentElement; "
        'document.getElementById("p").textContent = "wide " + d.scrollWidth + " of " + d.clientWidth }</script>',
        encoding="utf-8",
    )
    found = re.search(r'<p id="p">wide (\d+) of (\d+)</p>', read_page(frame))
    assert found is not None
    assert int(found[1]) <= int(found[2]) <= width
