"""`nightrounds --help` answers before one wonders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.files import ROOT

HEAVY = [
    "dask", "deltalake", "distributed", "duckdb", "great_expectations", "lancedb", "numpy", "onnx", "onnxruntime",
    "pandas", "polars", "prefect", "pyarrow", "pydicom", "pysam", "sqlalchemy", "tokenizers",
]  # fmt: skip
"""What takes long to import and no help text needs."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The caller's, but with bytecode kept: a first start compiles, and is not what is measured."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("bytecode"))}


def _cpu_seconds(command: list[str], environment: dict[str, str], cwd: Path) -> float:
    """User and system seconds of one process: what other processes do meanwhile does not count."""
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]], ids=" ".join)
def test_help_takes_less_than_a_second(environment: dict[str, str], arguments: list[str]) -> None:
    command = [sys.executable, "-m", "nightrounds", *arguments]
    _cpu_seconds(command, environment, ROOT)
    assert min(_cpu_seconds(command, environment, ROOT) for _ in range(3)) < 1.0


def test_help_imports_nothing_heavy(environment: dict[str, str]) -> None:
    code = f"import sys, nightrounds.cli; print(*[name for name in {HEAVY} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
