"""Files normalised by bcftools norm: its own cases, and what holds of splitting and joining."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import Fatal, Usage
from tasks.vcf.normalise.files import Norm, normalise_file
from tests.tasks.vcf_normalise.references import write_reference

HEAD = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=40>
##INFO=<ID=AC,Number=A,Type=Integer,Description="count">
##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="likelihoods">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB
"""


def _body(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("##")]


def _write(path: Path, *lines: str) -> Path:
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("name", "reference", "norm"),
    [
        ("norm", "norm.fa", Norm(Path("norm.fa"), check="exclude")),
        ("norm.split", "", Norm(multiallelics="-both")),
        ("norm.2", "norm.2.fa", Norm(Path("norm.2.fa"), check="set", atomise=True, old_record_tag="XX")),
    ],
)
def test_the_cases_of_bcftools_come_out_as_there(
    shared: Path, tmp_path: Path, name: str, reference: str, norm: Norm
) -> None:
    import pysam

    folder = shared / "data/vcf/norm"
    if reference:
        shutil.copyfile(folder / reference, tmp_path / reference)
        pysam.faidx(str(tmp_path / reference))
        norm = replace(norm, reference=tmp_path / reference)
    counts = normalise_file(folder / f"{name}.vcf", tmp_path / "got.vcf", norm)
    assert _body(tmp_path / "got.vcf") == _body(folder / f"{name}.out")
    assert counts["total"] == len(_body(folder / f"{name}.vcf")) - 1


def test_what_is_split_and_joined_is_what_it_was(tmp_path: Path) -> None:
    source = _write(
        tmp_path / "a.vcf",
        "chr1\t5\t.\tA\tC,G\t30\t.\tAC=2,1\tGT:PL\t1/2:9,8,7,6,5,4\t0/1:1,2,3,4,5,6",
        "chr1\t9\t.\tAT\tA,ATT\t.\tPASS\tAC=1,1\tGT:PL\t0|1:1,2,3,4,5,6\t2|0:6,5,4,3,2,1",
        "chr1\t12\t.\tG\tT\t.\t.\tAC=1\tGT\t0/0\t0/1",
    )
    split, joined = tmp_path / "b.vcf", tmp_path / "c.vcf"
    assert normalise_file(source, split, Norm(multiallelics="-any"))["split"] == 2
    assert len(_body(split)) == 6
    assert normalise_file(split, joined, Norm(multiallelics="+any"))["joined"] == 2
    assert [line.split("\t")[:8] for line in _body(joined)] == [
        line.split("\t")[:8] for line in _body(source)
    ]
    genotypes = [[cell.split(":")[0] for cell in line.split("\t")[9:]] for line in _body(joined)]
    assert genotypes == [[cell.split(":")[0] for cell in line.split("\t")[9:]] for line in _body(source)]


def test_a_file_normalised_twice_is_as_normalised_once(tmp_path: Path) -> None:
    fasta = write_reference(tmp_path / "r.fa", {"chr1": "ACACACACGTTTTTGCAGCAGCAGTACGTTGCAACGTTGC"})
    source = _write(
        tmp_path / "a.vcf",
        "chr1\t13\t.\tTT\tT,TTT\t.\t.\tAC=1,1\tGT\t0/1\t0/2",
        "chr1\t18\t.\tGCAG\tG\t.\t.\tAC=1\tGT\t0/1\t0/0",
        "chr1\t18\t.\tGCAG\tG\t.\t.\tAC=1\tGT\t0/1\t0/0",
    )
    norm = Norm(fasta, multiallelics="-any", duplicates="exact")
    once, twice = tmp_path / "b.vcf", tmp_path / "c.vcf"
    assert normalise_file(source, once, norm)["realigned"] == 4
    counts = normalise_file(once, twice, norm)
    assert counts["realigned"] == 0 and _body(once) == _body(twice) and len(_body(once)) == 4


def test_a_ref_that_does_not_fit_stops_without_a_word_of_it(tmp_path: Path) -> None:
    fasta = write_reference(tmp_path / "r.fa", {"chr1": "A" * 40})
    source = _write(tmp_path / "secret.vcf", "chr1\t5\t.\tC\tG\t.\t.\t.\tGT\t0/1\t0/0")
    target = tmp_path / "b.vcf"
    with pytest.raises(Fatal) as caught:
        normalise_file(source, target, Norm(fasta))
    assert "secret" not in str(caught.value) and not target.exists()
    assert normalise_file(source, target, Norm(fasta, check="exclude"))["mismatch_removed"] == 1


def _unknown_check() -> Norm:
    return Norm(check="maybe")


def _unknown_multiallelics() -> Norm:
    return Norm(multiallelics="any")


def _unknown_duplicates() -> Norm:
    return Norm(duplicates="some")


def _odd_tag() -> Norm:
    return Norm(atomise=True, old_record_tag="a b")


@pytest.mark.parametrize(
    "wrong", [Norm, _unknown_check, _unknown_multiallelics, _unknown_duplicates, _odd_tag]
)
def test_ways_that_are_none(wrong: Callable[[], Norm]) -> None:
    with pytest.raises(Usage):
        wrong()
