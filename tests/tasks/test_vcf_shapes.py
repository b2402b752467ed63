"""What VCF 4.5 has beside small variants and diploid calls, as rows of the lake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tasks.vcf_export.lakes import fill_lake, held_back

_INFO = (
    "SVTYPE:1:String SVLEN:A:Integer SVCLAIM:A:String MATEID:A:String CIPOS:.:Integer RN:A:Integer RUS:.:String "
    "RUC:.:Float END:1:Integer"
)
_FORMAT = (
    "GT:1:String CN:1:Float PS:1:Integer PSL:P:String PSQ:P:Integer LAA:.:Integer LAD:LR:Integer LPL:LG:Integer "
    "LEN:1:Integer GQ:1:Integer"
)
RECORDS = (
    "chr1 1000 . G <DEL> . PASS SVTYPE=DEL;SVLEN=5000;SVCLAIM=DJ;CIPOS=-10,10 GT 0/1 ./.",
    "chr1 2000 . G <DUP>,<DEL> . PASS SVLEN=300,700;SVCLAIM=D,J GT 1/2 0/0",
    "chr1 3000 bnd1 G G]chr2:500] . PASS SVTYPE=BND;MATEID=bnd2 GT 0/1 0/0",
    "chr2 500 bnd2 T T]chr1:3000] . PASS SVTYPE=BND;MATEID=bnd1 GT 0/1 0/0",
    "chr2 600 . T .ACG . PASS SVTYPE=BND GT 0/1 0/0",
    "chr2 700 . T <CNV> . PASS SVLEN=1000;SVCLAIM=D GT:CN ./.:3.5 ./.:2",
    "chr2 800 . T <CNV:TR> . PASS SVLEN=30;SVCLAIM=D;RN=1;RUS=CAG;RUC=40.5 GT:CN 0/1:1.5 0/0:1",
    "chr2 900 . C T . PASS . GT:PS:GQ 0|1:900:30 1:.:40",
    "chr2 910 . C T . PASS . GT:PSL:PSQ 0|1:a,b:10,20 0/1/1:.,.,.:.",
    "chr2 920 . C T,G,A . PASS . GT:LAA:LAD:LPL 0/2:2:10,11:0,5,9 1/3:1,3:3,4,5:9,8,7,6,5,4",
    "chr2 1000 . A <*> . . . GT:GQ:LEN 0/0:30:50 0/0:20:60",
)
BLOCK = 10


def _declared(place: str, fields: str) -> list[str]:
    parts = (field.split(":") for field in fields.split())
    return [
        f'##{place}=<ID={name},Number={number},Type={kind},Description="x">' for name, number, kind in parts
    ]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Records in their order, variants with their calls."""
    folder: Path = tmp_path_factory.mktemp("shapes")
    head = [
        "##fileformat=VCFv4.5",
        "##contig=<ID=chr1,length=248956422>",
        "##contig=<ID=chr2,length=242193529>",
    ]
    head += [*_declared("INFO", _INFO), *_declared("FORMAT", _FORMAT)]
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "X1", "X2"]
    text = "\n".join([*head, "\t".join(columns), *(record.replace(" ", "\t") for record in RECORDS)])
    (folder / "a.vcf").write_text(text + "\n")
    assert held_back(folder / "a.vcf") == set()
    lake = fill_lake(folder / "lake", [folder / "a.vcf"])
    calls = {row["record_id"]: row for row in lake.read("genomics.call").to_pylist()}
    variants = [{**calls[row["record_id"]], **row} for row in lake.read("genomics.variant").to_pylist()]
    found = [*variants, *lake.read("genomics.reference_block").to_pylist()]
    return sorted(found, key=lambda row: int(row["record_index"]))


def test_where_they_reach(rows: list[dict[str, Any]]) -> None:
    """The longest of SVLEN, but for insertions (VCF 4.5, section 1.6.1); of blocks the longest LEN."""
    ends = [6000, 2700, 3000, 500, 600, 1700, 830, 900, 910, 920, 1059]
    assert [row["end_position"] for row in rows] == ends


def test_structural_fields_are_typed(rows: list[dict[str, Any]]) -> None:
    assert rows[0]["info_CIPOS"] == [-10, 10] and rows[0]["info_SVCLAIM"] == ["DJ"]
    assert rows[1]["info_SVLEN"] == [300, 700] and rows[1]["genotype"] == [[1, 2], [0, 0]]
    assert rows[2]["info_MATEID"] == rows[3]["identifiers"] == ["bnd2"]
    assert rows[4]["alternates"] == rows[4]["allele_alternates"] == [".ACG"]
    assert rows[5]["format_CN"] == [3.5, 2.0] and rows[5]["genotype"] == [[None, None], [None, None]]
    assert (rows[6]["info_RUS"], rows[6]["info_RUC"], rows[6]["info_RN"]) == (["CAG"], [40.5], [1])


def test_ploidy_and_phase(rows: list[dict[str, Any]]) -> None:
    assert rows[7]["genotype"] == [[0, 1], [1]] and rows[7]["phased"] == [True, True]
    assert rows[7]["format_PS"] == [900, None]
    assert rows[8]["genotype"] == [[0, 1], [0, 1, 1]] and rows[8]["phased"] == [True, False]
    assert rows[8]["format_PSL"] == [["a", "b"], [None, None, None]] and rows[8]["format_PSQ"] == [
        [10, 20],
        [None],
    ]


def test_local_alleles(rows: list[dict[str, Any]]) -> None:
    assert rows[9]["format_LAA"] == [[2], [1, 3]]
    assert rows[9]["format_LAD"] == [[10, 11], [3, 4, 5]]
    assert rows[9]["format_LPL"] == [[0, 5, 9], [9, 8, 7, 6, 5, 4]]


def test_a_block_says_that_there_is_nothing(rows: list[dict[str, Any]]) -> None:
    assert rows[BLOCK]["alternates"] == ["<*>"] and rows[BLOCK]["format_LEN"] == [50, 60]
    assert rows[BLOCK]["genotype"] == [[0, 0], [0, 0]] and "allele_ids" not in rows[BLOCK]
