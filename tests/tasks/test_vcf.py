"""Standardising VCF: what reaches the genomics tables, and that nobody's name does."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.vcf import VcfConnector
from contracts.identity import Person, encode_subject
from contracts.keys import Key
from contracts.privacy import Profile
from contracts.protocols import Reading
from contracts.schemas import table_named
from contracts.units import WHOLE, Source, Unit
from stores.places import LocalPlace
from tasks.deidentification.engine import Deidentifier
from tasks.vcf.assembly import detect_assembly, name_assembly
from tasks.vcf.contigs import harmonise_contig
from tasks.vcf.header import allowed_lines
from tasks.vcf.keys import allele_columns, variant_ids
from tasks.vcf.standardise import finish, mix_record_ids, standardise
from tasks.vcf.tokens import Tokens
from tests.accounts import accounted

KEY = Key("test", bytes(range(32)))
ANNA = Person(77, 12, {"name": ("Quiverton", "Anna"), "identifier": ("Anna_Quiverton", "MRN-00417")})
HEAD = """##fileformat=VCFv4.2
##fileDate=20240131
##source=caller run by aquiverton on host ward7
##reference=file:///home/aquiverton/Homo_sapiens_assembly38.fasta
##commandline="call --sample Anna_Quiverton"
##SAMPLE=<ID=Anna_Quiverton,Description="Anna Quiverton, blood">
##PEDIGREE=<Child=Anna_Quiverton,Father=HG1>
##contig=<ID=chr20,length=64444167,assembly=/home/aquiverton/b38.fa,md5=abc,URL=https://ward7/ref>
##FILTER=<ID=q10,Description="Quality below 10">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth, of MRN-00417 on 2024-01-31">
##INFO=<ID=NOTE,Number=1,Type=String,Description="See /data/ward7/Anna.txt or ask anna@ward7.org",Source="lab">
##INFO=<ID=Anna_Quiverton_AF,Number=1,Type=Float,Description="Frequency in Anna_Quiverton">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=FT,Number=1,Type=String,Description="Filter">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tAnna_Quiverton\tHG1
"""
BODY = """chr20\t5\trs7;MRN-00417\tA\tC\t30\tPASS\tDP=3;NOTE=from_Anna-Quiverton_2024-01-31\tGT:FT\t0/1:HG1\t.:q
chr20\t6\t.\tA\t<NON_REF>,<*>\t.\t.\tAnna_Quiverton_AF=0.5\tGT\t0/0\t0|0
chr20\t7\t.\tA\t<NON_REF>,C\t.\tq10\tNOTE=annalise,ann,quivertone\t.\t.\t.
"""


def _deid(people: dict[str, Person] | None = None) -> Deidentifier:
    known = (
        people
        if people is not None
        else {encode_subject("lab-a", "Anna_Quiverton"): ANNA, encode_subject("lab-a", "HG1"): Person(78, 3)}
    )
    return Deidentifier(KEY, Profile.EXPERT, known, today=date(2026, 1, 1), source_authority="lab-a")


def _standardise(path: Path, deid: Deidentifier) -> dict[str, pa.Table]:
    """As the pipeline does: a batch of a table at a time."""
    unit = Unit("lab/0123", "lab", "vcf", size=path.stat().st_size)
    reading = Reading(unit, Source("lab", "vcf", str(path), authority="lab-a"), LocalPlace(path, "lab"), KEY)
    found: dict[str, list[pa.Table]] = {}
    for table, batch in accounted(VcfConnector().read(reading, WHOLE)):
        assert table != "rejected"
        for target, rows in standardise({table: pa.Table.from_batches([batch])}, deid).items():
            found.setdefault(target, []).append(rows)
    return {target: pa.concat_tables(tables) for target, tables in found.items()}


@pytest.fixture
def anna(tmp_path: Path) -> dict[str, pa.Table]:
    path = tmp_path / "a.vcf"
    path.write_text(HEAD + BODY)
    return _standardise(path, _deid())


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def test_nothing_of_a_person_is_left(anna: dict[str, pa.Table]) -> None:
    told = "\n".join(f"{table.schema.names} {table.to_pylist()}" for table in anna.values()).lower()
    for token in (
        "quiverton'",
        "quiverton_",
        "mrn-00417",
        "anna_",
        "anna-",
        "hg1",
        "ward7",
        "20240131",
        "2024-01-31",
    ):
        assert token not in told


def test_tokens_are_replaced_whole_and_only_whole(anna: dict[str, pa.Table]) -> None:
    rows = _rows(anna["genomics.variant"])
    assert rows[0]["identifiers"] == ["rs7", "[ID]"]
    assert rows[0]["info_NOTE_string"] == "from_[NAME]-[NAME]_[DATE]"
    assert rows[1]["info_NOTE_string"] == "annalise,ann,quivertone"
    calls = _rows(anna["genomics.call"])
    assert calls[0]["format_FT"] == ["[ID]", "q"]
    named = [n for n in anna["genomics.variant"].schema.names if n.startswith("info_x")]
    assert len(named) == 1 and _rows(anna["genomics.reference_block"])[0][named[0]] == 0.5


def test_the_header_keeps_what_the_list_allows(anna: dict[str, pa.Table]) -> None:
    (file,) = _rows(anna["genomics.file"])
    lines = file["header"].splitlines()
    ids = [str(row["sample_id"]) for row in _rows(anna["genomics.sample"])]
    assert lines == [
        "##fileformat=VCFv4.2",
        "##reference=GRCh38",
        f"##SAMPLE=<ID={ids[0]}>",
        f"##PEDIGREE=<Child={ids[0]},Father={ids[1]}>",
        "##contig=<ID=chr20,length=64444167>",
        '##FILTER=<ID=q10,Description="Quality below 10">',
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth, of [ID] on [DATE]">',
        '##INFO=<ID=NOTE,Number=1,Type=String,Description="See [ID] or ask [ID]">',
        '##INFO=<ID=[ID]_AF,Number=1,Type=Float,Description="Frequency in [ID]">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=FT,Number=1,Type=String,Description="Filter">',
        "\t".join(["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT", *ids]),
    ]
    assert (file["assembly"], file["format_version"], file["number_of_samples"]) == ("GRCh38", "VCFv4.2", 2)
    assert set(allowed_lines()) == {"fileformat", "FILTER", "INFO", "FORMAT", "ALT", "contig", "reference"}


def test_samples_lead_to_persons(anna: dict[str, pa.Table]) -> None:
    rows = _rows(anna["genomics.sample"])
    assert [(r["sample_index"], r["person_id"]) for r in rows] == [(0, 77), (1, 78)]
    assert [r["sample_id"] for r in rows] == [
        KEY.id63("sample", "lab-a", n) for n in ("Anna_Quiverton", "HG1")
    ]


def test_a_sample_that_the_vault_does_not_know_is_nobody_and_still_hidden(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text(HEAD + BODY)
    found = _standardise(path, _deid({}))
    assert found["genomics.sample"]["person_id"].to_pylist() == [None, None]
    assert "Anna_Quiverton" not in found["genomics.file"]["header"][0].as_py()


def test_variants_calls_and_blocks(anna: dict[str, pa.Table]) -> None:
    variants, calls = _rows(anna["genomics.variant"]), _rows(anna["genomics.call"])
    (block,) = _rows(anna["genomics.reference_block"])
    assert [v["_record"] for v in variants] == [0, 2] and block["_record"] == 1
    assert [v["filters"] for v in variants] == [[], ["q10"]] and block["filters"] is None
    assert {(v["contig"], v["contig_stated"], v["assembly"]) for v in [*variants, block]} == {
        ("chr20", "chr20", "GRCh38")
    }
    assert [c["_record"] for c in calls] == [0]  # the third record has no calls
    assert calls[0]["genotype"] == [[0, 1], [None]] and block["phased"] == [False, True]


def test_ids_of_variants_and_alleles_tell_assembly_and_place_and_nothing_else() -> None:
    def rows(*records: tuple[str, int, str, list[str]]) -> tuple[pa.Array, dict[str, pa.Array]]:
        contigs = pa.array([r[0] for r in records], pa.string())
        columns: dict[str, pa.Array] = {
            "position": pa.array([r[1] for r in records], pa.int64()),
            "reference": pa.array([r[2] for r in records], pa.string()),
            "alternates": pa.array([r[3] for r in records], pa.list_(pa.string())),
        }
        return contigs, columns

    contigs, columns = rows(
        ("chr1", 10, "CAG", ["CG", "TAG", "<DEL>"]), ("chr1", 10, "CA", ["C"]), ("chr2", 10, "CA", ["C"])
    )
    found = allele_columns("GRCh38", contigs, columns, KEY)
    assert found["allele_positions"].to_pylist() == [[10, 10, 10], [10], [10]]
    assert found["allele_references"].to_pylist() == [["CA", "C", "CAG"], ["CA"], ["CA"]]
    assert found["allele_alternates"].to_pylist() == [["C", "T", "<DEL>"], ["C"], ["C"]]
    one, two, three = found["allele_ids"].to_pylist()
    assert one[0] == two[0] != three[0] and len({*one, *three}) == 4 and min(one) > 0
    assert allele_columns("GRCh37", contigs, columns, KEY)["allele_ids"][1].as_py() != two
    joined = pa.array(["CG,TAG,<DEL>", "C", "C"])
    ids = variant_ids("GRCh38", contigs, columns, joined, KEY).to_pylist()
    assert len(set(ids)) == 3 and ids != variant_ids("", contigs, columns, joined, KEY).to_pylist()


def test_a_chromosome_has_one_name() -> None:
    named = [
        "1",
        "chr1",
        "CHR1",
        "NC_000001.11",
        "NC_060925.1",
        "X",
        "NC_000023.10",
        "MT",
        "chrM",
        "HLA-A*01",
        "23",
    ]
    found = [harmonise_contig(name) for name in named]
    assert found == ["chr1"] * 5 + ["chrX"] * 2 + ["chrM"] * 2 + ["HLA-A*01", "23"]
    assert harmonise_contig("chrM", 16571) == "NC_001807.4"  # hg19's own
    assert harmonise_contig("NC_012920.1", 16569) == "chrM"


def test_rows_have_the_schemas_of_the_lake(anna: dict[str, pa.Table]) -> None:
    for target, rows in anna.items():
        schema = table_named(target).schema
        assert rows.schema.names[: len(schema)] == schema.names
        assert rows.schema.names[-2:] == ["_record", "_digest"]
        for column in schema:
            assert rows.schema.field(column.name).type == column.type
            assert column.nullable or not rows[column.name].null_count
        if not table_named(target).open:
            assert len(rows.schema) == len(schema) + 2


def test_finishing_fills_in_what_the_whole_file_tells(anna: dict[str, pa.Table]) -> None:
    done = {target: finish(target, rows, 4711, records=3) for target, rows in anna.items()}
    for target, rows in done.items():
        assert set(rows["file_id"].to_pylist()) == {4711}
        assert rows.schema == anna[target].schema
    assert done["genomics.file"]["number_of_records"].to_pylist() == [3]
    ids = done["genomics.variant"]["record_id"].to_pylist()
    expected = mix_record_ids(4711, np.arange(3)).tolist()
    assert len(set(expected)) == 3 and ids == [expected[0], expected[2]]
    assert done["genomics.call"]["record_id"].to_pylist() == expected[:1]
    assert done["genomics.reference_block"]["record_id"].to_pylist() == expected[1:2]
    assert set(ids).isdisjoint(mix_record_ids(4712, np.arange(3)).tolist())


@given(st.integers(1, 2**63 - 1), st.integers(0, 2**40))
def test_record_ids_are_positive_distinct_and_independent_of_the_batch(owner: int, first: int) -> None:
    records = np.arange(first, first + 500)
    ids = mix_record_ids(owner, records)
    assert ids.dtype == np.int64 and ids.min() > 0 and len(set(ids.tolist())) == 500
    assert (mix_record_ids(owner, records[100:]) == ids[100:]).all()


def test_the_same_content_as_vcf_and_bcf_gives_the_same_rows(shared: Path) -> None:
    real = shared / "data/vcf/real"
    text, binary = (_standardise(real / f"1kg_2020_chrM.{suffix}", _deid({})) for suffix in ("vcf.gz", "bcf"))
    assert set(text) == set(binary) and "genomics.reference_block" not in text
    for target in ("genomics.sample", "genomics.variant", "genomics.call"):
        assert text[target].equals(binary[target])
    assert text["genomics.file"]["assembly"].to_pylist() == ["GRCh38"]


def test_real_files_are_standardised(shared: Path) -> None:
    real = shared / "data/vcf/real"
    found = _standardise(real / "chr22.vcf.gz", _deid({}))
    assert found["genomics.call"].num_rows == 100
    assert found["genomics.call"]["genotype"].combine_chunks().values.null_count == 0
    assert found["genomics.sample"].num_rows == 100
    names = [
        line for line in found["genomics.file"]["header"][0].as_py().splitlines() if line.startswith("#CHROM")
    ]
    assert "HG0" not in names[0] and "NA1" not in names[0]
    lonely = _standardise(real / "out_of_order_contigs.vcf.gz", _deid({}))
    assert lonely["genomics.variant"].num_rows == 4 and lonely["genomics.call"].num_rows == 0
    empty = _standardise(real / "empty.vcf", _deid({}))
    assert set(empty) == {"genomics.file", "genomics.sample"} and empty["genomics.file"].num_rows == 1


def test_assemblies() -> None:
    assert detect_assembly([("chr1", 248956422), ("chrUn", 5)]) == "GRCh38"
    assert detect_assembly([("1", 249250621), ("MT", 16569)]) == "GRCh37"
    assert detect_assembly([("chr1", 248387328), ("chrX", 154259566)]) == "T2T-CHM13v2.0"
    assert detect_assembly([("1", 249250621), ("2", 242193529)]) is None
    assert detect_assembly([("1", None), ("x", 249250621)]) is None
    assert name_assembly("file:///seq/Homo_sapiens_assembly19.fasta") == "GRCh37"
    assert name_assembly("file:///home/anna/mine.fa") is None


def test_many_tokens_and_short_ones() -> None:
    people = {encode_subject("a", f"P{n:05}"): Person(n + 1, 1) for n in range(3000)}
    people[encode_subject("a", "7")] = Person(1, 1, {"name": ("Del", "Toro")})
    tokens = Tokens(people)
    column = pa.array([["P00017/P02999", "P0001", "7", "<DEL>"], None, [], ["toro.bam", None]])
    assert tokens.scrub_column(column).to_pylist() == [
        ["[ID]/[ID]", "P0001", "7", "<DEL>"],
        None,
        [],
        ["[NAME].bam", None],
    ]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Dr. Jebediah Frostwick, jeb@clinic.org", "Dr. [NAME], [ID]"),
        ("phone (617) 555-0143 SSN 123-45-6789", "phone [ID] SSN [ID]"),
        ("Patient:Wilhelmina%20Okonkwo", "Patient%3A[NAME]"),
        ("DOB:19510719", "DOB:[ID]"),
        ("MRN_88812345_tel_617-555-0143", "MRN_[ID]_tel_[ID]"),
        ("Bartholomew%20Vexley", "[NAME] [NAME]"),
        ("S%2D0042", "[ID]"),
    ],
)
def test_what_looks_like_somebodys_goes(said: str, left: str) -> None:
    people = {encode_subject("a", "S-0042"): Person(1, 1, {"name": ("Vexley, Bartholomew",)})}
    assert Tokens(people).scrub(said) == left


@pytest.mark.parametrize(
    "said",
    [
        "NM_007294.4:c.68_69del", "p.Glu23ValfsTer17", "chr17:43044295-43125364", "ENST00000357654.9", "12,345,678",
        "1.2.840", "0.0123", "-1.5e-10", "rs80357914", "A|missense_variant|MODERATE|BRCA1|ENSG00000012048|Transcript",
        "2024", "100%", "50%25", "born_alive", "PatientCount", "tool=BCFTOOLS",
        "3.14-2.71", "HP:0000118", "MONDO:0007254", "DRAGEN 4.2.4", "555-0143", "TEL1", "TEL-AML1",
    ],
)  # fmt: skip
def test_what_variants_are_told_in_stays(said: str) -> None:
    assert Tokens({}).scrub(said) == said
