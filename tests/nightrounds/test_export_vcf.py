"""`nightrounds export vcf` and `zarr`."""

from __future__ import annotations

import io
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from stores.lake import Lake
from tests.nightrounds.conftest import Call
from tests.retrieval.homes import DemoHome

Option = tuple[str, str]


def _records(path: Path) -> list[tuple[Any, ...]]:
    import pysam

    with pysam.VariantFile(str(path)) as variants:
        return [(r.contig, r.pos, r.ref, r.alts) for r in variants]


def test_a_release_is_written_as_vcf_and_bcf(
    call: Call, home: Option, demo: DemoHome, tmp_path: Path
) -> None:
    lake = Lake(demo.home.lake, demo.home.buckets)
    stored = lake.rows("genomics.variant") + (
        lake.rows("genomics.reference_block") if "genomics.reference_block" in lake.tables() else 0
    )
    done = call("export", "vcf", *home, "--out", tmp_path / "vcf", "--json")
    assert done.code == 0 and sum(row["records"] for row in done.json) == stored > 0
    assert len(done.json) == lake.rows("genomics.file")
    again = call("export", "vcf", *home, "--out", tmp_path / "bcf", "--bcf")
    assert again.code == 0 and f"{len(done.json)} file" in again.err
    for row in done.json:
        text = tmp_path / "vcf" / row["file"]
        assert _records(text) == _records(tmp_path / "bcf" / row["file"].replace(".vcf.gz", ".bcf"))
        assert text.with_name(text.name + ".tbi").exists() == row["indexed"]


def test_splitting_gives_a_record_for_each_alternate(
    call: Call, home: Option, demo: DemoHome, tmp_path: Path
) -> None:
    done = call("export", "vcf", *home, "--out", tmp_path, "--split", "--json")
    assert done.code == 0
    for row in done.json:
        records = _records(tmp_path / row["file"])
        assert len(records) == row["records"] and all(len(r[3] or ()) <= 1 for r in records)


def test_wrong_usage_is_told(call: Call, home: Option, tmp_path: Path) -> None:
    for options, word in (
        (("--region", "chr1:9-3"), "not a region"),
        (("--split", "--join"), "split or joined"),
        (("--reference", str(tmp_path / "none.fa")), "no such file"),
        (("--dedup", "some"), "no such way"),
        (("--release", 99), "no such release"),
    ):
        said = call("export", "vcf", *home, "--out", tmp_path / "x", *options)
        assert said.code == 2 and word in said.err, options
    assert call("export", "vcf", *home, "--out", tmp_path / "x", "--source", "none").code == 1
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("bio2zarr", "cyvcf2", "vcztools")),
    reason="needs bio2zarr[vcf] and vcztools",
)
def test_vcf_zarr_is_read_by_vcztools(call: Call, home: Option, tmp_path: Path) -> None:
    said = call("export", "zarr", *home, "--out", tmp_path / "zarr", "--json")
    written = [row for row in said.json if not row["problem"]]
    assert written and said.code == (3 if len(written) < len(said.json) else 0)
    call("export", "vcf", *home, "--out", tmp_path / "vcf")
    open_zarr = import_module("vcztools.utils").open_zarr
    reader_of, write = (
        import_module("vcztools.retrieval").VczReader,
        import_module("vcztools.vcf_writer").write_vcf,
    )
    for row in written:
        out = io.StringIO()
        with reader_of(open_zarr(str(tmp_path / "zarr" / row["store"]))) as reader:
            write(reader, out, no_header=True)
        told = [line.split("\t") for line in out.getvalue().splitlines()]
        expected = _records(tmp_path / "vcf" / row["store"].replace(".vcz", ".vcf.gz"))
        assert [(c[0], int(c[1]), c[3]) for c in told] == [one[:3] for one in expected]
