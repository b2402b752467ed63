"""What is declared is what is imported, pinned, and packed."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import sys
from fnmatch import fnmatch

from tests.architecture.files import ROOT, packages, project, shipped

PLUGINS = {
    "pyjpegls", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "python-gdcm",
}  # fmt: skip
"""Decoders that pydicom finds by itself; nothing of ours imports them."""

DATA = {"philter-lite": "tasks/deidentification/words.py"}
"""Lists that a package ships, read from its folder by the file named; its code is not imported."""

COMES_WITH = {"dask": "distributed", "pandas": "great-expectations"}
"""Imported by what we import, and named because their versions matter."""


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return match.group().lower().replace("_", "-").replace(".", "-")


def _declared() -> set[str]:
    return {_name(requirement) for requirement in project()["project"]["dependencies"]}


def _optional() -> set[str]:
    extras = project()["project"]["optional-dependencies"]
    return {
        _name(requirement) for extra, listed in extras.items() if extra != "dev" for requirement in listed
    }


def _imported() -> dict[str, str]:
    """Third-party distributions that the shipped code imports, each with a file that does."""
    owners = importlib.metadata.packages_distributions()
    found: dict[str, str] = {}
    for path in shipped():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            for top in {name.split(".")[0] for name in names} - sys.stdlib_module_names - set(packages()):
                for owner in owners.get(top, [top])[:1]:
                    found[_name(owner)] = f"{path.relative_to(ROOT)} imports {top}"
    return found


def test_what_is_imported_is_declared() -> None:
    known = _declared() | _optional()
    assert {name: place for name, place in _imported().items() if name not in known} == {}


def test_what_is_declared_is_imported() -> None:
    imported = set(_imported())
    for name, reader in DATA.items():
        assert name in (ROOT / reader).read_text(), f"{reader} reads {name} no more"
    used = imported | PLUGINS | DATA.keys() | {name for name, by in COMES_WITH.items() if by in imported}
    assert _declared() - used == set()


def test_all_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {_name(line) for line in lines if line and not line.lstrip().startswith("#")}
    assert _declared() | _optional() <= pinned
    assert all("==" in line for line in lines if line and not line.lstrip().startswith("#"))


def test_torch_stays_away() -> None:
    assert importlib.util.find_spec("torch") is None
    assert not re.search(r"(?m)^(torch|nvidia-)", (ROOT / "constraints.txt").read_text())


def test_data_files_are_packed() -> None:
    patterns = project()["tool"]["setuptools"]["package-data"]["*"]
    data = [path for path in shipped() if path.suffix != ".py"]
    left_out = [path for path in data if not any(fnmatch(path.name, pattern) for pattern in patterns)]
    assert [str(path.relative_to(ROOT)) for path in left_out] == []
