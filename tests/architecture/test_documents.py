"""What the documents point to is there: files, headings, and `make` targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, files

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_TARGET = re.compile(r"(?m)^([a-z]+):")
_MAKE = re.compile(r"`(?:[A-Z]+=\S+ )*make ([a-z]+)\b|(?m:^\s*(?:\$ )?make ([a-z]+)\b)")

DOCUMENTS = [path for path in files() if path.suffix == ".md"]


def _prose(text: str) -> str:
    """The text without its code blocks: a link in those is an example."""
    return re.sub(r"(?ms)^```.*?^```", "", text)


def _anchors(path: Path) -> set[str]:
    """Headings' anchors, as code hosts form them."""
    headings = re.findall(r"(?m)^#+ +(.+?) *$", _prose(path.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _dead(path: Path) -> list[str]:
    dead = []
    for link in _LINK.findall(_prose(path.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert _dead(path) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One thing\n[a](#one-thing) [b](page.md) [c](gone.md) [d](#gone) [e](https://example.org)\n"
    )
    assert _dead(page) == ["gone.md", "#gone"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_exist(path: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    named = {first or second for first, second in _MAKE.findall(path.read_text())}
    assert named - targets == set()
