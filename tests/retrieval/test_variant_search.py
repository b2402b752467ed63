"""Variants are found by region, gene, name, consequence, frequency, sample and person: each once, with its carriers."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.errors import Fatal, Usage
from contracts.identity import Person
from contracts.privacy import Profile
from retrieval.reader import Reader
from retrieval.variant_search import FoundVariant, read_query, search_variants
from stores.home import create_home
from stores.releases import Releases
from stores.vectors import Vectors
from tasks.vcf.quality.deriving import derive_variants
from tests.tasks.vcf_annotations.files import write_annotated
from tests.tasks.vcf_export.lakes import fill_lake

PEOPLE = {"A1": Person(101, 5), "B1": Person(102, 5), "D1": Person(104, 5)}


@pytest.fixture(scope="module")
def reader(own_environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    folder = tmp_path_factory.mktemp("searched")
    home = create_home(folder / "home", Profile.EXPERT, seed="search")
    (folder / "c.vcf").write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr17,length=81195210>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tE1\n"
        "chr17\t200\t.\tCAA\tC,<NON_REF>\t.\t.\t.\tGT\t0/1\n"
    )
    lake = fill_lake(home.lake, [*write_annotated(folder), folder / "c.vcf"], PEOPLE)
    derive_variants(lake, None, 1)
    release = Releases(home).publish("run", 1, lake.versions(), {}, "2024-03-12T00:00:00")
    return Reader(home, release, lake, Vectors(home.vectors))


def _search(reader: Reader, text: str = "", **others: Any) -> list[FoundVariant]:
    return search_variants(reader, read_query(text, **others))


def _places(found: list[FoundVariant]) -> list[tuple[str | None, int]]:
    return [(one.assembly, one.position) for one in found]


@pytest.mark.parametrize(
    ("text", "others", "positions"),
    [
        ("chr17:100-200", {"assembly": "GRCh38"}, [100, 200]),
        ("17:201-202", {"assembly": "GRCh38"}, [200]),  # the deletion reaches there
        ("17:203-299", {}, []),
        ("chr17", {"assembly": "GRCh37"}, [200]),
        ("brca1", {}, [100]),
        ("ENSG00000012048", {}, [100]),  # with a version or without
        ("BRCA", {}, []),
        ("RS55", {}, [200]),
        ("", {"consequence": "high"}, [100, 200]),
        ("", {"consequence": "missense_variant"}, [100, 600]),
        ("TP53", {"consequence": "HIGH", "max_frequency": 0.5}, []),  # five of the eight alleles called
        ("", {"max_frequency": 0.001}, [100]),  # of the population where that was looked up
        ("", {"person_ids": (102,)}, [200, 300]),
        ("chr17:1-250", {"person_ids": (101, 104)}, [100, 200]),
    ],
)
def test_each_criterion(reader: Reader, text: str, others: dict[str, Any], positions: list[int]) -> None:
    assert [one.position for one in _search(reader, text, **others)] == positions


def test_a_variant_of_two_files_is_one_with_all_its_carriers(reader: Reader) -> None:
    (found,) = _search(reader, "TP53")
    assert len(found.record_ids) == 2 and found.identifiers == ("rs55",)
    assert found.genes == ("TP53", "WRAP53") and found.impact == "HIGH"
    assert "ENSP2:p.Lys9=" in found.proteins and "frameshift_variant" in found.consequences
    told = [(one.person_id, one.genotype) for one in found.carriers]
    assert sorted(told, key=str) == [(101, "0/1"), (102, "1/1"), (104, "1/1")]
    assert found.frequency == pytest.approx(5 / 6) and found.frequency_of == "files"
    (mine,) = _search(reader, "TP53", person_ids=(104,))
    assert [one.person_id for one in mine.carriers] == [104]


def test_assemblies_are_never_one_variant(reader: Reader) -> None:
    found = _search(reader, "chr17:200-202")
    assert _places(found) == [("GRCh37", 200), ("GRCh38", 200)]
    assert found[0].variant_id != found[1].variant_id
    assert found[0].frequency == 0.5, "of what is no allele nothing is counted"


def test_views_hold_one_assembly_each(reader: Reader) -> None:
    def count(table: str) -> int:
        return int(reader.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"])

    for table, older, newer in (("variant", 1, 6), ("call", 1, 6), ("sample", 1, 4), ("file", 1, 2)):
        assert (count(f"GRCh37.{table}"), count(f"grch38.{table}")) == (older, newer)
        assert older + newer == count(f"genomics.{table}")
    assert count("GRCh38.consequence") == count("genomics.consequence") > 0
    with pytest.raises(Exception, match="T2T"):
        count("T2T.variant")


def test_samples(reader: Reader) -> None:
    (sample,) = reader.rows("SELECT sample_id FROM genomics.sample WHERE person_id = 101")
    assert [one.position for one in _search(reader, sample_ids=(sample["sample_id"],))] == [100, 200]


def test_queries(reader: Reader) -> None:
    assert read_query("17:43,044,295-43,125,364").start == 43_044_295
    assert (read_query("chrM").contig, read_query("MT").contig, read_query("NF1").gene) == (
        "chrM",
        "chrM",
        "NF1",
    )
    with pytest.raises(Usage, match="ends before"):
        read_query("chr1:9-3")
    bare = Reader(
        reader.home,
        Releases(reader.home).publish("r", 2, {"genomics.variant": 0}, {}, "2024-03-13T00:00:00"),
        reader.lake,
        reader.vectors,
    )
    Releases(reader.home).move_to(1)
    with pytest.raises(Fatal, match="no genotypes"):
        _search(bare, person_ids=(101,))
    with pytest.raises(Fatal, match="no consequences"):
        _search(bare, consequence="HIGH")


def test_what_is_printed(reader: Reader) -> None:
    from nightrounds.cli import app

    def said(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["search", "--variant", *arguments, "--home", str(reader.home.path)])
        assert done.exit_code == 0, done.output
        return done.output

    text = " ".join(said("TP53").split())  # as wide as the terminal is
    assert "GRCh38 chr17:200 CAA>C" in text and "frequency 0.8333 in these files" in text
    assert "1/1    sample" in text and "person 104" in text
    assert "<NON_REF>" not in said("chr17", "--assembly", "GRCh37")
    assert "no person" in said("chr17:400"), "a sample that nothing ties"
    assert "the first 2 variants of more; -k 20" in said("chr17", "-k", "2")
    assert "choose one with --assembly" in said("chr17:200-202")
    assert "no variant fits" in said("CFTR")
