"""The project's files, as a stranger gets them."""

from __future__ import annotations

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

MADE = {".git", ".venv", "build", "dist", "__pycache__", "node_modules"}
"""Folders that tools make; no file of the project lies in them."""


@cache
def project() -> dict[str, Any]:
    """`pyproject.toml`."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def packages() -> list[str]:
    """The top-level packages that ship, from the import contracts."""
    return list(project()["tool"]["importlinter"]["root_packages"])


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or would be, committed; without git, every file that no tool made."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (FileNotFoundError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not MADE & set(path.relative_to(ROOT).parts)]
    else:
        found = [ROOT / name for name in listed.split("\0") if name]
    return tuple(
        sorted(path for path in found if path.is_file() and not MADE & set(path.relative_to(ROOT).parts))
    )


def shipped() -> list[Path]:
    """The files inside the packages that ship."""
    tops = set(packages())
    return [path for path in files() if path.relative_to(ROOT).parts[0] in tops]
