"""`docs/how-to/new-format.md` followed to the letter: what it shows is written, what it says is run, and it holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.accounting import Account
from stores.catalog import Catalog
from stores.home import open_home
from stores.lake import Lake
from tests.conftest import ROOT
from tests.docs.guide import commands, write_files

GUIDE = ROOT / "docs" / "how-to" / "new-format.md"
NAMES = ("Quiverton", "Ostrakov", "Vantongeren", "Ashgrove", "Bertil", "Dorit")
NUMBERS = ("771001", "771002", "771003", "771004")
SEALED = {"vault", "quarantine"}


@dataclass(frozen=True)
class Followed:
    """Where the guide was followed, and what its commands said."""

    folder: Path
    output: str

    @property
    def home(self) -> Path:
        return self.folder / "registry-home"

    def summaries(self) -> list[dict[str, Any]]:
        """The rounds' summaries, the first night first."""
        with Catalog.open(open_home(self.home)) as catalog:
            return [
                dict(row.summary) for row in sorted(catalog.rounds(), key=lambda r: r.round_no) if row.summary
            ]

    def diagnoses(self) -> list[dict[str, Any]]:
        """The registry's rows in the lake, by code."""
        home = open_home(self.home)
        rows: list[dict[str, Any]] = (
            Lake(home.lake, home.buckets).read("records.cancer_diagnosis").to_pylist()
        )
        return sorted(rows, key=lambda row: str(row["diagnosis_code"]))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """The guide, followed in an empty folder: one shell runs all its commands, and stops at the first that fails."""
    folder = tmp_path_factory.mktemp("guide")
    write_files(GUIDE, folder)
    script = "\n".join(["set -eu", *commands(GUIDE)])
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=_environment(tmp_path_factory.mktemp("bin")),
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    output = ran.stdout + ran.stderr
    assert ran.returncode == 0, output[-6000:]
    return Followed(folder, output)


def _environment(commands_folder: Path) -> dict[str, str]:
    """The environment of Nightrounds, active: this interpreter and its commands first on the path."""
    for name, start in (("python", ""), ("nightrounds", "-m nightrounds ")):
        starter = commands_folder / name
        starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" {start}"$@"\n')
        starter.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{commands_folder}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "NIGHTROUNDS_CHECKOUT": str(ROOT),
    }


def test_the_conformance_suite_ran(followed: Followed) -> None:
    passed = re.search(r"(\d+) passed", followed.output)
    assert passed is not None and int(passed[1]) >= 40, followed.output[-3000:]
    assert "skipped" not in followed.output and "xfailed" not in followed.output


def test_the_accounting_adds_up(followed: Followed) -> None:
    first, _ = followed.summaries()
    account = Account.from_json(first["sources"]["registry"]["account"])
    assert account.read == 6 and account.balanced
    assert {fate: n for fate, n in account.fates.items() if n} == {
        "accepted": 3,
        "merged": 1,
        "quarantined": 2,
    }
    assert {reason: n for reason, n in account.reasons.items() if n} == {
        "impossible-date": 1,
        "no-neoplasm-code": 1,
    }


def test_the_rows_are_in_the_lake(followed: Followed) -> None:
    rows = followed.diagnoses()
    assert [row["diagnosis_code"] for row in rows] == ["C50.4", "C61", "C78.0"]
    assert rows[0]["person_id"] == rows[2]["person_id"] != rows[1]["person_id"]
    assert len({row["record_id"] for row in rows}) == 3


def test_dates_are_shifted_by_person(followed: Followed) -> None:
    breast, prostate, lung = (row["diagnosis_date"] for row in followed.diagnoses())
    assert lung - breast == date(2024, 1, 9) - date(2023, 3, 14)
    assert breast != date(2023, 3, 14) and prostate != date(2022, 11, 30)
    told = date(2023, 3, 16) + (breast - date(2023, 3, 14))
    assert told.isoformat() in followed.diagnoses()[0]["remark"]


def test_nobody_is_named(followed: Followed) -> None:
    remarks = [row["remark"] for row in followed.diagnoses()]
    assert any("declines surgery" in remark for remark in remarks)
    for path in followed.home.rglob("*"):
        if path.is_file() and path.relative_to(followed.home).parts[0] not in SEALED:
            data = path.read_bytes()
            for planted in (*NAMES, *NUMBERS, "registry-2024"):
                assert planted.encode() not in data, path.relative_to(followed.home)
    for remark in remarks:
        assert not any(planted in remark for planted in (*NAMES, *NUMBERS, "Anna", "2023-03-16"))
    printed = followed.output.partition("diagnosis_code")[2]
    assert printed and not any(planted in printed for planted in (*NAMES, *NUMBERS))


def test_the_second_round_changes_nothing(followed: Followed) -> None:
    first, second = followed.summaries()
    assert second["changed"] is False
    assert second["release"] == first["release"]
    account = Account.from_json(second["sources"]["registry"]["account"])
    assert account.read == 6 and account.balanced
    assert (
        account.fates["accepted"] == 0
        and account.fates["quarantined"] == 2
        and account.fates["unchanged"] == 4
    )


def test_an_installed_package_is_found_without_a_setting(followed: Followed, tmp_path: Path) -> None:
    """What an installer makes of the guide's `pyproject.toml`: an entry point beside the package."""
    project = tomllib.loads((followed.folder / "pyproject.toml").read_text())
    (group,) = project["project"]["entry-points"]
    declared = project["project"]["entry-points"][group]
    info = tmp_path / "cancer_registry-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cancer-registry\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in declared.items())
    )
    code = (
        "from contracts.schemas import LAKE; from connectors.registry import connector, kinds;"
        "from tasks.mappings import mappings; from quality.suites import suites;"
        "print('records.cancer_diagnosis' in LAKE, 'cancer_registry' in kinds(), connector('cancer_registry').kind,"
        "list(mappings('cancer_registry')), 'records.cancer_diagnosis' in suites())"
    )
    environment = {n: v for n, v in os.environ.items() if n != "NIGHTROUNDS_PLUGINS"}
    environment["PYTHONPATH"] = f"{ROOT}:{followed.folder}:{tmp_path}"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.split() == [
        "True",
        "True",
        "cancer_registry",
        "['records.cancer_diagnosis']",
        "True",
    ], ran.stderr
