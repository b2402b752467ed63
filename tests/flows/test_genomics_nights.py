"""Variants over several nights: ties that come late, and what each night's release shows. Without Prefect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.privacy import Profile
from contracts.units import Source
from retrieval.reader import open_reader
from retrieval.variant_search import VariantQuery, search_variants
from stores.home import Home, create_home
from stores.lake import Lake
from stores.lake_sql import HIDDEN
from stores.quarantine import Quarantine
from tasks.workroom import open_workroom, save_sources
from tests.retrieval.homes import make_round

VCF = """##fileformat=VCFv4.2
##contig=<ID=1,length=248956422>
##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tLAB-77001\tLAB-77002
1\t13\t.\tT\tG\t.\t.\t.\tGT\t0/1\t0/0
1\t20\t.\tG\tT\t.\t.\t.\tGT\t0/1\t1/1
"""


class Nights:
    """A home with a VCF source and a folder of sample sheets, one round a night."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.home: Home = create_home(root / "home", Profile.EXPERT, seed="nights")
        self.patch, self.sheet = patch, root / "sheets" / "plate.csv"
        (root / "vcf").mkdir()
        (root / "vcf" / "a.vcf").write_text(VCF)
        self.sheet.parent.mkdir()
        sheets = Source(
            "sheets", "crosswalk", str(self.sheet.parent), authority="ehr", options={"samples": "lab"}
        )
        vcf = Source("vcf", "vcf", str(root / "vcf"), authority="lab")
        save_sources(open_workroom(str(self.home.path)).vault, [sheets, vcf])
        patch.setenv("NIGHTROUNDS_HOME", str(self.home.path))
        self.set(ENCODERS__TEXT="none", ENCODERS__IMAGE="none")

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.patch.setenv(f"NIGHTROUNDS_{name}", value)

    def night(self) -> dict[str, Any]:
        """The account of the VCF source."""
        account: dict[str, Any] = make_round()["sources"]["vcf"]["account"]
        assert account["read"] == sum(account["fates"].values())
        return {fate: count for fate, count in account["fates"].items() if count}

    def rows(self, table: str) -> list[dict[str, Any]]:
        lake = Lake(self.home.lake, self.home.buckets)
        return list(lake.read(table).to_pylist()) if table in lake.tables() else []

    def held(self) -> list[str]:
        return [one.reason for one in Quarantine(self.home, self.home.load_key()).list()]


@pytest.fixture
def nights(tmp_path: Path, own_environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch) -> Nights:
    return Nights(tmp_path, monkeypatch)


def test_a_sheet_that_comes_later_releases_what_waited_for_it(nights: Nights) -> None:
    nights.set(GENOMICS__UNTIED="hold")
    assert nights.night() == {"quarantined": 1}
    assert nights.held() == ["untied-sample"] and nights.rows("genomics.variant") == []
    assert nights.night() == {"quarantined": 1}, "it is still held, and still counted"

    nights.sheet.write_text("Sample ID,MRN\nLAB-77001,MRN-1\nLAB-77002,MRN-2\n")
    assert nights.night() == {"accepted": 2}
    assert nights.held() == []
    persons = {row["person_id"] for row in nights.rows("genomics.sample")}
    assert len(persons) == 2 and None not in persons
    assert nights.night() == {"unchanged": 2}

    nights.sheet.write_text("Sample ID,MRN\nLAB-77001,MRN-1\n")
    assert nights.night() == {"quarantined": 1, "removed": 2}
    assert nights.rows("genomics.variant") == [], "a tie that is gone takes the file out of the lake"

    nights.set(GENOMICS__UNTIED="publish")
    assert nights.night() == {"accepted": 2}
    by_index = {row["sample_index"]: row["person_id"] for row in nights.rows("genomics.sample")}
    assert by_index[0] is not None and by_index[1] is None
    kinds = {(row["kind"], row["person_id"]) for row in nights.rows("graph.node")}
    assert ("sample", by_index[0]) in kinds


def test_each_release_shows_what_the_nights_settings_let_it(nights: Nights) -> None:
    nights.sheet.write_text("sample,patient\nLAB-77001,MRN-1\nLAB-77002,MRN-2\n")
    nights.night()

    def seen() -> list[int]:
        reader = open_reader(nights.home)
        return [found.position for found in search_variants(reader, VariantQuery("chr1"), 9)]

    assert seen() == [13, 20]
    nights.set(GENOMICS__SUPPRESS_SINGLETONS="true")
    nights.night()
    assert seen() == [20]
    nights.set(GENOMICS__SUPPRESS_SINGLETONS="false")
    nights.night()
    assert seen() == [13, 20]
    samples = [row for row in nights.rows("graph.node") if row["kind"] == "sample"]
    assert samples
    nights.set(GENOMICS__RELEASE="none")
    nights.night()
    reader = open_reader(nights.home)
    assert not [name for name in reader.release.tables if name.startswith("genomics.")]
    assert reader.rows("SELECT * FROM graph.node WHERE kind = 'sample'") == []
    assert reader.rows("SELECT * FROM graph.edge WHERE kind = 'has_sample'") == []
    assert not reader.has("genomics.sample", HIDDEN)


def test_a_wrong_bed_file_stops_the_night_before_it_reads(nights: Nights, tmp_path: Path) -> None:
    from contracts.errors import Fatal

    nights.set(GENOMICS__SUPPRESS_REGIONS=f'{{"GRCh38": "{tmp_path / "none.bed"}"}}')
    with pytest.raises(Fatal, match="GRCh38: there is no such file"):
        nights.night()
    assert nights.rows("genomics.variant") == []


def _family() -> str:
    """Father, mother, their child, a stranger, and the father once more under another name; a child's sex by its X."""
    rng = np.random.default_rng(11)
    sites = 900
    frequency = rng.uniform(0.2, 0.8, sites)
    haplotypes = (rng.random((sites, 3, 2)) < frequency[:, None, None]).astype(int)
    rows, child = np.arange(sites), np.empty((sites, 2), dtype=int)
    for parent in (0, 1):
        child[:, parent] = haplotypes[rows, parent, rng.integers(0, 2, sites)]
    people = [haplotypes[:, 0], haplotypes[:, 1], child, haplotypes[:, 2], haplotypes[:, 0]]
    lines = [
        f"chr1\t{1000 + 50 * site}\t.\tA\tG\t.\t.\t.\tGT\t"
        + "\t".join(f"{min(one[site])}/{max(one[site])}" for one in people)
        for site in range(sites)
    ]
    women_and_men = ("1/1", "0/1", "0/1", "1/1", "1/1")  # of five, two have heterozygous calls on X
    lines += [f"chrX\t{5_000_000 + n}\t.\tA\tG\t.\t.\t.\tGT\t" + "\t".join(women_and_men) for n in range(40)]
    names = "\t".join(("dad-7701", "mum-7702", "kid-7703", "guest-7704", "again-7705"))
    head = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n##contig=<ID=chrX,length=156040895>\n"
    head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">\n'
    return (
        head + f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n" + "\n".join(lines) + "\n"
    )


def test_what_speaks_against_the_record_is_for_the_steward_alone(nights: Nights) -> None:
    """The sheet calls the child a boy, and the guest its father's child too."""
    (nights.sheet.parent.parent / "vcf" / "a.vcf").write_text(_family())
    nights.sheet.with_name("family.ped").write_text(
        "F dad-7701 0 0 1 1\nF mum-7702 0 0 2 1\nF kid-7703 dad-7701 mum-7702 1 1\nF guest-7704 dad-7701 0 1 1\n"
        "G again-7705 0 0 1 1\n"
    )
    assert nights.night() == {"accepted": 940}
    from nightrounds.cli import app

    done = CliRunner().invoke(app, ["samples", "--home", str(nights.home.path), "--json"])
    assert done.exit_code == 0, done.output
    told = [(row["kind"], row["recorded"], row["found"]) for row in json.loads(done.stdout)]
    assert sorted(told) == [
        ("duplicate", "two persons", "the same genome"),
        ("related", "not declared", "parent and child"),  # the child and its father's second sample
        ("sex", "male (sheet)", "female"),
        ("unrelated", "parent", "unrelated"),
    ]
    shown = CliRunner().invoke(app, ["samples", "--home", str(nights.home.path)])
    assert "4 mismatches" in shown.output and "7703" not in shown.output
    _readers_see_none_of_it(nights)


def _readers_see_none_of_it(nights: Nights) -> None:
    """No column tells of kinship or of a sex by genotypes, and no file outside the vault names what was found."""
    reader = open_reader(nights.home)
    told = ("kinship", "related", "sex", "duplicate", "parent", "sibling")
    of_genomics = {n for t in reader.release.tables if t.startswith("genomics.") for n in reader.columns(t)}
    assert not [name for name in of_genomics for word in told if word in name.lower()]
    for path in nights.home.path.rglob("*"):
        if path.is_file() and nights.home.vault not in path.parents:
            data = path.read_bytes()
            assert b"the same genome" not in data and b"parent and child" not in data, path.name
            assert b"mismatch" not in data or path.suffix != ".json", path.name
