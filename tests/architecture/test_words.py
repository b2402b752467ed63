"""No committed file tells where it was written, and none asks a particular host for packages."""

from __future__ import annotations

import re

from tests.architecture.files import ROOT, files

# Put together from parts, so that this file passes its own test.
_FOLDER = "/" + "wo" + "rk/"
_PATTERNS = (
    _FOLDER + r"(main|shared|steering|\.)",
    "/fa" + r"rm/",
    "/op" + "t/(wheels|pypi)",
    "bash_" + "jobs",
    "before-" + "stop",
    r"\bissues" + r" (show|list|close)\b",
    "/ro" + "ot/",
)
_WORKPLACE = re.compile("|".join(_PATTERNS))


def test_no_file_names_the_workplace() -> None:
    found = []
    for path in files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if match := _WORKPLACE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match.group()}")
    assert found == []


def test_the_search_finds_what_it_looks_for() -> None:
    for text in (_FOLDER + "main/x.py", "ls " + "/op" + "t/wheels", "/ro" + "ot/.cache"):
        assert _WORKPLACE.search(text), text
    for text in ("flows/work.py", "the work of a night", "worker/main", "an issue"):
        assert not _WORKPLACE.search(text), text


def test_no_pin_names_a_host() -> None:
    pins = [ROOT / "constraints.txt", *sorted((ROOT / "requirements").glob("*.txt"))]
    assert [
        path.name for path in pins if re.search(r"://|--(extra-)?index-url|--find-links", path.read_text())
    ] == []
    assert [path.name for path in files() if path.name in {"uv.lock", "pylock.toml", "poetry.lock"}] == []
