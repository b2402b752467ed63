"""Staged output is whole or not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.accounting import Account
from contracts.errors import Fatal
from contracts.schemas import PRESENCE
from contracts.units import Unit
from stores import staging

UNIT = Unit("ehr/0a1b2c", "ehr", "fhir", "d1", "r1", 10)


def rows(*values: int, **further: list[int]) -> pa.Table:
    return pa.table({"record_id": pa.array(values, pa.int64()), **further})


def stage(root: Path, unit: Unit = UNIT, fingerprint: str = "f1") -> staging.Manifest:
    account = Account(3)
    account.add("accepted", 3)
    presence = pa.RecordBatch.from_pylist(
        [
            {
                "_owner": 1,
                "_record": 0,
                "record_type": "Patient",
                "version": "1",
                "digest": 5,
                "fate": "accepted",
            }
        ],
        schema=PRESENCE,
    )
    with staging.StagingWriter(root, unit, fingerprint) as writer:
        writer.write("omop.note", rows(1, 2))
        writer.write("genomics.call", rows(1, format_DP=[3]))
        writer.write("omop.note", rows(3))
        writer.write("genomics.call", rows(2))
        writer.write("genomics.call", rows(3))
        writer.write_presence(presence)
        return writer.finish(
            owner=None,
            ownership="record",
            recipe="r1",
            account=account.to_json(),
            context={"transaction_time": "x"},
        )


def test_what_is_staged_is_found_again(tmp_path: Path) -> None:
    manifest = stage(tmp_path)
    assert manifest.folder == tmp_path / "ehr" / "0a1b2c-f1"
    found = staging.find(tmp_path, "ehr", "0a1b2c", "f1")
    assert found == manifest
    assert found.folder == manifest.folder
    assert found.tables["genomics.call"]["files"] == ["genomics.call-0.parquet", "genomics.call-1.parquet"]
    assert [batch.column(0).to_pylist() for batch in found.batches("genomics.call")] == [[1], [2, 3]]
    assert [batch.column(0).to_pylist() for batch in found.batches("omop.note")] == [[1, 2, 3]]
    assert (found.rows("omop.note"), found.rows("omop.person"), found.paths("omop.person")) == (3, 0, [])
    assert [batch.column("fate").to_pylist() for batch in found.presence_batches()] == [["accepted"]]
    assert Account.from_json(dict(found.account)).fates["accepted"] == 3
    assert staging.find(tmp_path, "ehr", "0a1b2c", "f2") is None
    assert pq.ParquetFile(found.paths("omop.note")[0]).metadata.row_group(0).column(0).compression == "ZSTD"


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with staging.StagingWriter(tmp_path, UNIT, "f1") as writer:
            writer.write("omop.note", rows(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list((tmp_path / "ehr").iterdir()) == []


_KILLED = """
import os, sys
from pathlib import Path
from stores import staging
from tests.stores.test_staging import UNIT, rows
with staging.StagingWriter(Path(sys.argv[1]), UNIT, "f1") as writer:
    for table in ("omop.note", "omop.left_over"):
        for _ in range(40):
            writer.write(table, rows(*range(50_000)))
    os.kill(os.getpid(), 9)
"""


def test_a_killed_attempt_is_not_found_and_makes_room(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    assert (
        subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], cwd=root, check=False).returncode == -9
    )
    assert (tmp_path / "ehr" / "0a1b2c-f1" / "omop.left_over-0.parquet").stat().st_size > 0
    assert staging.find(tmp_path, "ehr", "0a1b2c", "f1") is None
    assert staging.manifests(tmp_path, "ehr") == []
    stage(tmp_path)
    assert not list((tmp_path / "ehr" / "0a1b2c-f1").glob("*left_over*"))


def test_a_missing_file_makes_it_unfound(tmp_path: Path) -> None:
    stage(tmp_path).paths("omop.note")[0].unlink()
    assert staging.find(tmp_path, "ehr", "0a1b2c", "f1") is None


def test_remove_and_sweep(tmp_path: Path) -> None:
    first, second = stage(tmp_path), stage(tmp_path, Unit("lab/ff", "lab", "fhir"), "f9")
    third = stage(tmp_path, fingerprint="f2")
    assert staging.manifests(tmp_path, "ehr") == [first, third]
    assert staging.sweep(tmp_path, {("ehr", "0a1b2c", "f2"), ("lab", "ff", "f9")}) == 1
    assert staging.manifests(tmp_path, "ehr") == [third]
    staging.remove(second)
    staging.remove(second)
    assert staging.manifests(tmp_path, "lab") == []


def test_names_and_ownership_are_checked(tmp_path: Path) -> None:
    for source, token, fingerprint in (("../x", "t", "f"), ("x", "../t", "f"), ("x", "t", "f/../..")):
        with pytest.raises(Fatal):
            staging.find(tmp_path, source, token, fingerprint)
    with staging.StagingWriter(tmp_path, UNIT, "f1") as writer:
        with pytest.raises(Fatal):
            writer.write("../omop.note", rows(1))
        with pytest.raises(Fatal):
            writer.finish(owner=None, ownership="file", recipe="r")
        assert writer.finish(owner=5, ownership="file", recipe="r").owner == 5
    assert staging.manifests(tmp_path, "ehr")[0].tables == {}


def test_many_small_writes_make_few_row_groups(tmp_path: Path) -> None:
    with staging.StagingWriter(tmp_path, UNIT, "f1") as writer:
        for start in range(0, 3_000_000, 10_000):
            writer.write("omop.note", rows(*range(start, start + 10)).combine_chunks())
            writer.write(
                "omop.big", pa.table({"record_id": pa.array(range(start, start + 10_000), pa.int64())})
            )
        manifest = writer.finish(owner=1, ownership="file", recipe="r")
    assert pq.ParquetFile(manifest.paths("omop.note")[0]).num_row_groups == 1
    assert 2 <= pq.ParquetFile(manifest.paths("omop.big")[0]).num_row_groups <= 4
    assert manifest.rows("omop.big") == 3_000_000
