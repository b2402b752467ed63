"""Validity while files are read for the lake: what is held back, what is told, and that check and reading agree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import source_components
from connectors.vcf.preflight import check_file
from connectors.vcf.rows import read_file
from contracts.errors import Fatal, Rejected
from contracts.keys import Key
from contracts.units import Source
from tests.accounts import accounted

_HEAD = (
    "##fileformat=VCFv4.3\n##contig=<ID=1,length=249250621>\n"
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">\n'
    '##INFO=<ID=AF,Number=A,Type=Float,Description="frequency">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
)
_KEY = Key("test", bytes(32))


def _read(path: Path, **how: bool) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {
        "vcf.file": [],
        "vcf.record": [],
        "rejected": [],
        "vcf.finding": [],
    }
    for table, batch in accounted(read_file(path, _KEY, **how)):
        found[table] += batch.to_pylist()
    return found


def _write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_text(_HEAD + "\n".join(lines) + end)
    return path


def _is_whole(path: Path, **how: bool) -> bool:
    """Whether nothing of a file is held back."""
    try:
        return not _read(path, **how)["rejected"]
    except Rejected:
        return False


@pytest.mark.parametrize("plainly", [False, True])
def test_strict_reading_rejects_every_broken_file_and_no_other(shared: Path, plainly: bool) -> None:
    vcf = shared / "data/vcf"
    broken, valid = (sorted((vcf / name).rglob("*.vcf")) for name in ("failed", "passed"))
    assert (len(broken), len(valid)) == (599, 78)
    assert [p.name for p in broken if _is_whole(p, strict=True, plainly=plainly)] == []
    assert [p.name for p in valid if not _is_whole(p, strict=True, plainly=plainly)] == []


def test_what_is_nonconformant_is_read_and_told_or_in_strict_mode_held_back(tmp_path: Path) -> None:
    lines = ["1\t5\t.\tA\tC\t.\t.\tAF=0.1,0.2\tGT\t0/1", "1\t6\t.\tA\tC\t.\t.\tDP=x\tGT\t0/1"]
    path = _write(tmp_path / "a.vcf", *lines)
    lenient, strict = _read(path), _read(path, strict=True)
    assert [r["reason"] for r in lenient["rejected"]] == ["info-type"]
    assert [r["reason"] for r in strict["rejected"]] == ["info-number", "info-type"]
    told = [(f["rule"], f["verdict"], f["field"], f["records"], f["first_line"], f["held_back"])
            for f in lenient["vcf.finding"]]  # fmt: skip
    assert told == [
        ("info-type", "invalid", "INFO/DP", 1, 8, True),
        ("info-number", "nonconformant", "INFO/AF", 1, 7, False),
    ]
    assert [f["held_back"] for f in strict["vcf.finding"]] == [True, True]


@pytest.mark.parametrize("plainly", [False, True])
def test_a_last_line_without_its_end_is_told_or_in_strict_mode_stops_the_file(
    tmp_path: Path, plainly: bool
) -> None:
    path = _write(tmp_path / "a.vcf", "1\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1", end="")
    found = _read(path, plainly=plainly)
    assert len(found["vcf.record"]) == 1 and [f["rule"] for f in found["vcf.finding"]] == ["file-last-line"]
    with pytest.raises(Rejected, match="file-last-line"):
        _read(path, plainly=plainly, strict=True)


def test_records_of_bcf_are_judged_too(tmp_path: Path) -> None:
    from pysam import bcftools

    lines = [
        "1\t5\t.\tA\tC\t.\t.\tDP=3\tGT\t0/1",
        "1\t6\t.\tA\tC\t.\t.\tDP=-3\tGT\t0/1",
        "1\t7\t.\tA\tC\t.\t.\tDP=3\tGT\t0/2",
    ]
    path = tmp_path / "a.bcf"
    bcftools.view("-Ob", "-o", str(path), str(_write(tmp_path / "a.vcf", *lines)), catch_stdout=False)
    found = _read(path)
    assert [r["position"] for r in found["vcf.record"]] == [5]
    assert [(r["_record"], r["reason"], r["where"]) for r in found["rejected"]] == [
        (1, "info-negative", "record 2 INFO/DP"),
        (2, "gt-allele", "record 3 FORMAT/GT"),
    ]
    assert all(row["payload"] for row in found["rejected"])


def test_check_tells_what_reading_would_hold_back(shared: Path) -> None:
    for path in sorted((shared / "data/vcf/failed/v4.3").glob("*body*.vcf")):
        held: Counter[str] = Counter()
        try:
            held.update(row["reason"] for row in _read(path)["rejected"])
        except Rejected as rejected:
            held[rejected.reason] += 1
        told = {finding.rule for finding in check_file(path) if finding.severity == "error"}
        assert set(held) <= told, path.name


def test_check_tells_of_records_that_htslib_alone_refuses(tmp_path: Path) -> None:
    line = "1\t5\t.\tA\tC\t.\t.\tDP=1;ZZ=" + "7" * 9 + "\tGT:" + ":".join(f"X{n}" for n in range(300))
    path = _write(tmp_path / "a.vcf", line + "\t0/1")
    rejected = [row["reason"] for row in _read(path)["rejected"]]
    found = {finding.rule: finding for finding in check_file(path)}
    assert rejected == ["malformed-record"]
    assert found["malformed-record"].severity == "error" and found["malformed-record"].where == "line 7"
    assert "1 of them would be held back" in found["count"].message


def test_strict_is_part_of_a_sources_recipe() -> None:
    plain, strict = (Source("lab", "vcf", "/x", options=o) for o in ({}, {"strict": "true"}))
    assert source_components(plain) != source_components(strict)
    with pytest.raises(Fatal, match="strict"):
        source_components(Source("lab", "vcf", "/x", options={"strict": "perhaps"}))
