"""Whatever goes into the lake comes out again: records, fields, order, bits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.identity import Person
from stores.lake import Lake
from tasks.vcf.export.exporting import Choice, export_vcf, read_region
from tests.tasks.vcf_export.lakes import fill_lake, read_by_pysam

GVCF = "NA12878.prod.chr20snippet.g.vcf.gz"
PYSAM_REFUSES = {"v4.3/passed_body_samples.vcf"} | {
    f"{version}/{name}.vcf"
    for version in ("v4.1", "v4.2", "v4.3")
    for name in ("passed_meta_pedigree", "passed_body_info")
}
"""Valid files that pysam cannot read to their end: blank lines, `Number=G` in INFO. Their lines are compared."""

HEAD = """##fileformat=VCFv4.4
##source=caller of ward seven
##SAMPLE=<ID=Anna>
##SAMPLE=<ID=Bert>
##contig=<ID=1,length=1000>
##INFO=<ID=XF,Number=1,Type=Float,Description="single">
##INFO=<ID=AC,Number=A,Type=Integer,Description="list">
##INFO=<ID=DB,Number=0,Type=Flag,Description="flag">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="list">
##FORMAT=<ID=FT,Number=1,Type=String,Description="text">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tAnna\tBert
"""
RECORDS = [
    "1\t5\trs1;rs2\tA\tC,G\t0.00001\tPASS\tXF=0.1;AC=1,.;DB\tGT:AD:FT\t0/1|2:1,.,3:a,b\t0/1:.:.",
    "1\t6\t.\ta\tC,g\t.\tq1;q2\tXF=.\tGT\t0\t1|2",
    "1\t6\t.\tA\t<NON_REF>\t29.9\t.\tAC=.\tGT:FT\t./.:.\t.:x",
    "1\t7\t.\tA\tC\t.\t.\tXF=1e-40\tGT\t/0\t|0/1",
    "1\t8\t.\tAT\t*,<DEL>\t.\t.\tXF=0.1,0.2\tAD\t5\t.,.",
    "1\t9\t.\tA\tC\t.\t.\tNEW;ZZ=4,5\t.\t.\t.",
    "1\t10\t.\tA\tC\t.\t.\t.\tGT\t.\t.|.",
]


def _export(lake: Lake, folder: Path, choice: Choice | None = None, *, bcf: bool = False) -> list[Path]:
    written = list(export_vcf(lake, lake.versions(), folder, choice, bcf=bcf))
    return [one.path for one in written]


def _lines(path: Path) -> list[str]:
    import pysam

    with pysam.BGZFile(str(path), "rb", None) as lines:
        return [line.decode() for line in lines]


def _by_bcftools(path: Path) -> str:
    import pysam.bcftools

    return str(pysam.bcftools.view("-H", str(path)))


def _sorted_info(text: str) -> list[list[str]]:
    """Lines whose INFO is in one order, and whose flag has no value: neither means anything."""
    rows = [line.split("\t") for line in text.splitlines()]
    return [[*row[:7], *sorted(re.sub(r"\bDB=[01]\b", "DB", row[7]).split(";")), *row[8:]] for row in rows]


@pytest.fixture
def small(tmp_path: Path) -> Lake:
    path = tmp_path / "a.vcf"
    path.write_text(HEAD + "".join(f"{line}\n" for line in RECORDS))
    return fill_lake(tmp_path / "lake", [path], {"Anna": Person(7, 1)})


def test_lines_come_out_as_they_went_in(small: Lake, tmp_path: Path) -> None:
    (path,) = _export(small, tmp_path / "out")
    lines = _lines(path)
    assert [line for line in lines if not line.startswith("#")] == RECORDS
    assert path.name == "lab-1.vcf.gz" and path.with_name(path.name + ".tbi").exists()
    text = "\n".join(lines)
    assert "Anna" not in text and "Bert" not in text and "ward" not in text
    assert lines[0] == "##fileformat=VCFv4.4" and sum("##SAMPLE=" in line for line in lines) == 2


def test_all_sample_files_come_back_as_pysam_reads_them(shared: Path, tmp_path: Path) -> None:
    data = shared / "data/vcf"
    found = sorted([*(data / "real").iterdir(), *(data / "passed").rglob("*.vcf")])
    files = [path for path in found if path.suffix not in {".csi", ".tbi"} and path.name != GVCF]
    assert len(files) == 85
    lake = fill_lake(tmp_path / "lake", files)
    exported = {path.name: path for path in _export(lake, tmp_path / "out")}
    assert len(exported) == len(files)
    by_pysam = 0
    for number, path in enumerate(files, 1):
        back = exported[f"lab-{number}.vcf.gz"]
        if f"{path.parent.name}/{path.name}" in PYSAM_REFUSES:
            plain = tmp_path / "plain.vcf"
            plain.write_text("".join(f"{line}\n" for line in path.read_text().splitlines() if line))
            assert _sorted_info(_by_bcftools(back)) == _sorted_info(_by_bcftools(plain)), path.name
        else:
            assert list(read_by_pysam(back)) == list(read_by_pysam(path)), path.name
            by_pysam += 1
    assert by_pysam == 78


def test_the_gvcf_comes_back_line_by_line(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/vcf/real" / GVCF
    lake = fill_lake(tmp_path / "lake", [source])
    assert lake.rows("genomics.reference_block") > lake.rows("genomics.variant") > 0
    (path,) = _export(lake, tmp_path / "out")
    before, after = _by_bcftools(source), _by_bcftools(path)
    assert before.count("\n") == 301_778 and before == after


def test_bcf_holds_the_same_records(small: Lake, tmp_path: Path) -> None:
    (text,), (binary,) = _export(small, tmp_path / "text"), _export(small, tmp_path / "bcf", bcf=True)
    assert binary.suffix == ".bcf" and binary.with_name(binary.name + ".csi").exists()
    assert list(read_by_pysam(text)) == list(read_by_pysam(binary))


def test_a_person_and_a_region(small: Lake, tmp_path: Path) -> None:
    (path,) = _export(small, tmp_path / "one", Choice(person_id=7))
    body = [line.split("\t") for line in _lines(path) if not line.startswith("##")]
    assert len(body[0]) == 10 and body[0][9] != "Anna"
    assert [line for line in _lines(path) if "SAMPLE" in line] == [f"##SAMPLE=<ID={body[0][9]}>"]
    assert [row[9] for row in body[1:]] == [line.split("\t")[9] for line in RECORDS]
    for region, positions in (
        ("chr1:6-8", ["6", "6", "7", "8"]),
        ("1:9", ["8", "9", "10"]),
        ("1:1-5", ["5"]),
    ):
        (path,) = _export(small, tmp_path / "two", Choice(region=read_region(region)))
        rows = [line.split("\t") for line in _lines(path) if not line.startswith("#")]
        assert [row[1] for row in rows] == positions
    assert not _export(small, tmp_path / "three", Choice(region=read_region("chr2")))
    assert not list((tmp_path / "three").iterdir())


def test_records_that_are_stored_in_another_order_come_out_in_theirs(tmp_path: Path) -> None:
    """Batches of other columns lie in other places of the lake."""
    path = tmp_path / "many.vcf"
    odd = "1\t{}\t.\tA\t{}\t.\t.\tZZ{}=a\tGT:AD:FT\t0/1:1,2:x\t1/1:3,4:y"
    lines = [odd.format(n // 3 + 1, "<*>" if n % 7 == 0 else "C", n // 9000) for n in range(30_000)]
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    (written,) = _export(fill_lake(tmp_path / "lake", [path]), tmp_path / "out")
    assert [line for line in _lines(written) if not line.startswith("#")] == lines
