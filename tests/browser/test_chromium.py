"""The browser helper sees what a person would see."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.browser.chromium import read_page, take_screenshot

pytestmark = pytest.mark.browser

_PAGE = """<!doctype html><meta charset="utf-8"><title>t</title><p id="p">before</p>
<script>setTimeout(() => { document.getElementById("p").textContent = "after" }, 3000)</script>"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "a page.html"
    path.write_text(_PAGE)
    return path


def test_a_picture_has_the_windows_size(page: Path, tmp_path: Path) -> None:
    image = take_screenshot(page, tmp_path / "pictures" / "page.png", width=640, height=480)
    content = image.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (640, 480)


def test_scripts_have_run(page: Path) -> None:
    assert ">after</p>" in read_page(page)
    assert ">before</p>" in read_page(page, virtual_time_ms=1_000)
