"""A real headless Chromium: pictures of a page, and the page as its scripts left it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)


def find_chromium() -> str:
    """The browser's path; the test is skipped where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip("needs Chromium (Debian: apt-get install chromium)")


def take_screenshot(
    page: str | Path,
    image: Path,
    *,
    width: int = 1280,
    height: int = 800,
    virtual_time_ms: int = 5_000,
    timeout_s: float = 120,
) -> Path:
    """Write a PNG of a page, `width` x `height` pixels, to `image` and return it.

    Args:
        page: a URL, or a local file.
        image: where the PNG goes; its folder is made.
        width: of the window, in CSS pixels.
        height: of the window, in CSS pixels.
        virtual_time_ms: how long the page believes to have run: its timers are run ahead, its requests are waited for.
        timeout_s: real seconds until the browser is stopped.

    Raises:
        AssertionError: the browser failed or wrote no picture; its own words are in the text.
    """
    image = image.resolve()
    image.parent.mkdir(parents=True, exist_ok=True)
    image.unlink(missing_ok=True)
    said = _run(
        page, [f"--screenshot={image}", f"--window-size={width},{height}"], virtual_time_ms, timeout_s
    )
    assert image.is_file(), f"no picture was written: {said.stderr[-2000:]}"
    return image


def read_page(page: str | Path, *, virtual_time_ms: int = 5_000, timeout_s: float = 120) -> str:
    """The page's HTML after its scripts have run. Arguments as for `take_screenshot`."""
    return _run(page, ["--dump-dom"], virtual_time_ms, timeout_s).stdout


def _run(
    page: str | Path, options: list[str], virtual_time_ms: int, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """One browser with a profile of its own, gone afterwards."""
    url = page.resolve().as_uri() if isinstance(page, Path) else page
    # The browser's helpers may still be writing when it has ended.
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        command = [find_chromium(), *FLAGS, f"--user-data-dir={profile}"]
        if virtual_time_ms:
            command.append(f"--virtual-time-budget={virtual_time_ms}")
        result = subprocess.run(
            [*command, *options, url], capture_output=True, text=True, check=False, timeout=timeout_s
        )
    assert result.returncode == 0, f"Chromium ended with {result.returncode}: {result.stderr[-2000:]}"
    return result
