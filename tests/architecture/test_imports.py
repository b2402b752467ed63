"""The import contracts hold, and break when they should."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, packages, shipped

# One planted module for each rule of the house: where, what it imports, which contract must break.
PLANTED = [
    ("contracts", "import flows", "Imports only point down; siblings know nothing of each other"),
    (
        "stores",
        "from tasks import planted_empty",
        "Imports only point down; siblings know nothing of each other",
    ),
    ("quality", "import stores", "Imports only point down; siblings know nothing of each other"),
    ("connectors", "import quality", "Imports only point down; siblings know nothing of each other"),
    ("flows", "import nightrounds", "Imports only point down; siblings know nothing of each other"),
    ("deployments", "import contracts", "Deployments hold no logic"),
    ("retrieval", "import tests", "Nothing that ships imports tests or benchmarks"),
    ("tasks", "from prefect import task", "Prefect and Dask in flows alone"),
    ("nightrounds", "import dask.array", "Prefect and Dask in flows alone"),
    ("quality", "import great_expectations", "Great Expectations in quality.gate alone"),
    ("connectors", "from pydicom import dcmread", "pydicom and its decoders in the DICOM parts alone"),
    ("tasks", "from pysam import VariantFile", "pysam in the VCF parts alone"),
]


def _copy(folder: Path) -> None:
    for path in shipped():
        if path.suffix == ".py":
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the code with all planted modules in it."""
    folder = tmp_path_factory.mktemp("planted")
    _copy(folder)
    (folder / "tasks" / "planted_empty.py").write_text("")
    for number, (package, statement, _) in enumerate(PLANTED):
        # Inside a function: a late import is an import all the same.
        (folder / package / f"planted_{number}.py").write_text(f"def late() -> None:\n    {statement}\n")
    result = _lint_imports(folder)
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stdout


def test_the_contracts_hold(tmp_path: Path) -> None:
    _copy(tmp_path)
    result = _lint_imports(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "number", range(len(PLANTED)), ids=[f"{where}: {what}" for where, what, _ in PLANTED]
)
def test_a_planted_import_is_found(planted: str, number: int) -> None:
    package, _, contract = PLANTED[number]
    assert f"{contract} BROKEN" in planted
    assert f"{package}.planted_{number} " in planted


def test_every_package_is_under_the_contracts() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in shipped() if path.name == "__init__.py"}
    tops = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert tops == found == set(packages())
