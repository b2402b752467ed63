"""The decoded leak test over whole homes: real exports, read by the command line as a user reads them.

Neither names, numbers, dates of birth, sample names, UIDs nor file names of an input are anywhere in the home that a
round leaves: not in the lake, the vectors, the catalog, reports, logs or Prefect's database.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.conftest import ROOT
from tests.leaks.identifiers import collect
from tests.leaks.notes import notes_with_own_name, persons_by_signature
from tests.leaks.scanner import survey

_GVCF = 301_778
"""Records of the largest file; 302,142 are in all of them, 46 of which are one file's 23, as VCF and as BCF."""


@dataclass(frozen=True)
class Run:
    """One run of the command line: its summary, exit code and wall time."""

    summary: dict[str, Any]
    exit_code: int
    seconds: float

    def fates(self, source: str) -> dict[str, int]:
        account = self.summary["sources"][source]["account"]
        assert account["read"] == sum(account["fates"].values()), source
        return {fate: count for fate, count in account["fates"].items() if count}

    def reasons(self, source: str) -> dict[str, int]:
        return dict(self.summary["sources"][source]["account"]["reasons"])


@dataclass(frozen=True)
class Real:
    """A home after two runs over the real sample exports, and the exports."""

    home: Path
    data: Path
    first: Run
    second: Run

    def table(self, name: str, *columns: str) -> pl.DataFrame:
        schema, _, table = name.partition(".")
        return pl.read_delta(str(self.home / "lake" / schema / table), columns=list(columns) or None)


def run_command(home: Path, *arguments: str) -> Run:
    """`python -m nightrounds run --sync --json`, with a Prefect server of its own in the home."""
    command = [
        sys.executable,
        "-m",
        "nightrounds",
        "run",
        "--sync",
        "--json",
        "--home",
        str(home),
        *arguments,
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = process.communicate(timeout=500)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode in (0, 3), errors
    return Run(json.loads(output), process.returncode, time.perf_counter() - began)


@pytest.fixture(scope="module")
def real(shared: Path, own_environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Real:
    """Ten patients' records, 69 images and the real VCFs, read twice."""
    data, home = shared / "data", tmp_path_factory.mktemp("real") / "home"
    given = [
        "--fhir",
        data / "fhir" / "bulk-10-patients",
        "--dicom",
        data / "dicom",
        "--vcf",
        data / "vcf" / "real",
    ]
    first = run_command(home, *map(str, given), "--profile", "expert")
    second = run_command(home, *map(str, given), "--profile", "expert")
    return Real(home, data, first, second)


def test_every_record_is_where_it_belongs(real: Real) -> None:
    assert real.table("omop.person").height == 13
    assert real.table("omop.visit_occurrence").height == 1_215
    assert real.table("omop.note").height == 1_215
    assert real.table("omop.condition_occurrence").height == 555
    # medications and immunizations, procedures
    assert real.table("omop.drug_exposure").height == 1_745 + 161
    assert sum(real.table(f"omop.{t}").height for t in ("procedure_occurrence", "observation")) == 2_056 + 11
    # 16 devices have no date of use, 4 lines of the log are no resources
    assert real.first.fates("fhir") == {"accepted": 7_164 - 20, "unmapped": 20}
    assert "quarantined" not in real.first.fates("fhir")
    checks = {check["check"]: check for check in real.first.summary["checks"]}
    for name in ("visits-begin-after-death", "notes-begin-after-death"):
        assert (checks[name]["failing"], checks[name]["severity"]) == (3, "warning"), name


def test_every_image_is_indexed_or_held_with_its_reason(real: Real) -> None:
    assert real.first.fates("dicom") == {"accepted": 64, "quarantined": 5}
    assert real.first.reasons("dicom") == {"truncated-file": 1, "no-uids": 4}
    assert real.table("imaging.instance").height == 64


def test_every_variant_is_read_and_the_same_file_twice_counts_once(real: Real) -> None:
    account = real.first.summary["sources"]["vcf"]["account"]
    assert account["read"] == 302_142
    assert real.first.fates("vcf") == {"accepted": 302_142 - 23, "merged": 23}
    files = real.table("genomics.file")
    counts = dict(files.select("number_of_records", "file_id").iter_rows())
    assert 0 in counts, "an empty VCF is a success"
    assert max(counts) == _GVCF
    variants = real.table("genomics.variant", "record_id", "file_id", "contig")
    blocks = real.table("genomics.reference_block", "record_id", "file_id")
    assert variants.height + blocks.height == 302_142 - 23
    assert variants.join(blocks, on="record_id").height == 0, "a record is one or the other"
    assert blocks["file_id"].n_unique() == 1, "the gVCF alone has blocks"
    chromosome_22 = variants.filter(pl.col("contig").is_in(["22", "chr22"]))
    assert chromosome_22.height == 100
    calls = real.table("genomics.call", "record_id", "genotype").join(chromosome_22, on="record_id")
    assert int(calls["genotype"].list.len().sum()) == 10_000


def test_running_again_writes_nothing(real: Real) -> None:
    first, second = real.first.summary, real.second.summary
    assert second["versions"] == first["versions"]
    assert second["release"] == first["release"]
    assert second["changed"] is False
    for source in ("fhir", "dicom", "vcf"):
        assert set(real.second.fates(source)) <= {"unchanged", "quarantined"}
        assert second["sources"][source]["read"] == 0


def test_no_identifier_of_any_input_is_in_the_home(real: Real) -> None:
    places = {
        "fhir": [real.data / "fhir" / "bulk-10-patients"],
        "dicom": [real.data / "dicom"],
        "vcf": [real.data / "vcf" / "real"],
    }
    identifiers = collect(places)
    identifiers.ordinary.update({"mlut_18", "vlut_04"})  # test patterns, named so in the images' own comments
    identifiers.settle()
    assert len(identifiers.items) > 500
    report = survey(real.home, identifiers, persons=persons_by_signature(real.home, places["fhir"][0]))
    assert {"lake", "vectors", "catalog.db", "reports", "prefect"} <= report.files.keys()
    assert report.strings["lake"] > 10_000 and report.strings["prefect"] > 100
    assert [finding for finding in report.findings if finding.certain] == []


def test_no_note_holds_its_patients_name(real: Real) -> None:
    assert notes_with_own_name(real.home, real.data / "fhir" / "bulk-10-patients") == (0, 1_215)
