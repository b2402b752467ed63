"""Records that a home hides: which they are, and that no exit tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Fatal
from contracts.identity import Person
from contracts.privacy import Profile
from flows.stages.releasing import without_suppressed
from retrieval.reader import Reader
from retrieval.variant_search import VariantQuery, search_variants
from retrieval.variants import summarise_variants
from stores.home import create_home
from stores.lake import Lake
from stores.lake_sql import HIDDEN
from stores.releases import Releases
from stores.vectors import Vectors
from tasks.vcf.export.exporting import Choice, export_vcf
from tasks.vcf.quality.deriving import derive_variants
from tasks.vcf.release.policy import Suppression
from tasks.vcf.release.suppressing import derive_suppressed
from tests.tasks.vcf_export.lakes import fill_lake

_CSQ = (
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. '
    'Format: Allele|Consequence|IMPACT|SYMBOL|Gene">\n'
)
_ANA, _BO, _CY = (Person(number, 5) for number in (101, 102, 103))
PEOPLE = {"A1": _ANA, "A2": _ANA, "B1": _BO, "C1": _CY}


def _write(path: Path, samples: Sequence[str], records: Sequence[str], length: int = 248956422) -> Path:
    """A file against GRCh38 (or of no known assembly, by the length of chr1)."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]
    head = f"##fileformat=VCFv4.2\n##contig=<ID=chr1,length={length}>\n##contig=<ID=chr17,length=83257441>\n{_CSQ}"
    head += '##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="length">\n'
    head += '##INFO=<ID=END,Number=1,Type=Integer,Description="end">\n'
    head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">\n'
    rows = ["\t".join(columns), *(record.replace(" ", "\t") for record in records)]
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def _csq(allele: str, gene: str) -> str:
    return f"CSQ={allele}|missense_variant|MODERATE|{gene}|ENSG0000{gene}"


COHORT = (
    "chr1 100 . A G . . . GT 0/1 0/0 0/0",  # Ana's alone
    "chr1 200 . A G . . . GT 0/1 0/1 0/0",  # Ana and Bo
    "chr1 300 . A G . . . GT 0/0 0/0 0/1",  # Cy's alone here; Ana's other sample has it too
    "chr1 400 . A G,T . . . GT 0/1 0/1 0/2",  # of two alternates one is Cy's alone
    "chr1 500 . A G . . . GT 0/0 0/0 0/0",  # nobody's
    "chr1 600 . A G . . . GT 0/0 1/1 ./.",  # Bo's, in two copies
)
SECOND = ("chr1 100 . A G . . . GT 0/1", "chr1 300 . A G . . . GT 0/1")


def _lake(folder: Path, *files: Path) -> Lake:
    lake = fill_lake(folder / "home" / "lake", files, PEOPLE)
    derive_variants(lake, None, 1)
    return lake


def _reader(folder: Path, lake: Lake, policy: Suppression) -> Reader:
    """A release as a round makes it."""
    derive_suppressed(lake, policy, 1)
    home = create_home(folder / "home-of-release", Profile.EXPERT, seed="release")
    tables = without_suppressed(lake, lake.versions(), policy)
    release = Releases(home).publish("run", 1, tables, {}, "2024-03-12T00:00:00")
    return Reader(home, release, lake, Vectors(home.vectors))


def _hidden(lake: Lake) -> set[tuple[int, str]]:
    """Position and reason."""
    with lake.connect() as connection:
        query = (
            f"SELECT v.position, s.reason FROM {HIDDEN} AS s JOIN ("
            "SELECT record_id, position FROM genomics.variant) AS v USING (record_id)"
        )
        return set(connection.sql(query).fetchall())


def test_singletons_are_alleles_of_one_person_in_the_whole_lake(tmp_path: Path) -> None:
    one = _write(tmp_path / "a.vcf", ["A1", "B1", "C1"], COHORT)
    other = _write(tmp_path / "b.vcf", ["A2"], SECOND)
    lake = _lake(tmp_path, one, other)
    derive_suppressed(lake, Suppression(singletons=True), 1)
    assert _hidden(lake) == {(100, "singleton"), (400, "singleton"), (600, "singleton")}
    assert lake.rows(HIDDEN) == 4, "Ana's two samples have position 100 in two files: she is one carrier"


def test_symbolic_alleles_of_another_length_are_other_alleles(tmp_path: Path) -> None:
    rows = [f"chr1 900 . A <DEL> . . SVLEN={length};END={900 + length} GT 0/1" for length in (50, 80)]
    files = [
        _write(tmp_path / f"{n}.vcf", [who], [row])
        for n, (who, row) in enumerate(zip("BC", rows, strict=True))
    ]
    lake = _lake(tmp_path, *files)
    derive_suppressed(lake, Suppression(singletons=True), 1)
    assert lake.rows(HIDDEN) == 2


def test_they_are_worked_out_anew_as_samples_come_and_go(tmp_path: Path) -> None:
    cohort = _write(tmp_path / "a.vcf", ["A1", "B1", "C1"], COHORT)
    third = _write(tmp_path / "c.vcf", ["C1"], ["chr1 100 . A G . . . GT 0/1", "chr1 600 . A G . . . GT 1/1"])
    policy = Suppression(singletons=True)
    lake = _lake(tmp_path, cohort, third)
    first = derive_suppressed(lake, policy, 1)
    assert first is not None and first.receipt.changed
    assert _hidden(lake) == {(300, "singleton"), (400, "singleton")}, "100 and 600 have a second carrier"
    assert not getattr(derive_suppressed(lake, policy, 2), "receipt").changed  # noqa: B009
    for table in [name for name in lake.tables() if name.startswith("genomics.") and name != HIDDEN]:
        lake.replace(table, "lab", [2], [], publish=(f"gone {table}".replace(" ", "-"), 2))
    derive_variants(lake, None, 3)
    derive_suppressed(lake, policy, 3)
    assert {position for position, _ in _hidden(lake)} == {100, 300, 400, 600}


PLACES = (
    f"chr17 1000 . A G . . {_csq('G', 'BRCA1')} GT 0/1",
    f"chr17 2000 . A G . . {_csq('G', 'TP53')} GT 0/1",
    f"chr17 2990 . {'A' * 20} A . . {_csq('-', 'NF1')} GT 0/1",  # reaches into the region
    f"chr17 5000 . A A[chr17:3010[ . . {_csq('-', 'RAD51C')} GT 0/1",  # its mate is in the region
    "chr17 4000 . C T . . . GT 0/1",
)


def test_regions_genes_and_files_that_tell_neither(tmp_path: Path) -> None:
    bed = tmp_path / "hidden.bed"
    bed.write_text("#what\n17\t3000\t3100\tsome gene\n")
    told = _write(tmp_path / "a.vcf", ["B1"], PLACES)
    bare = _write(tmp_path / "b.vcf", ["C1"], ["chr17 9000 . A C . . . GT 0/1"])
    unknown = _write(tmp_path / "c.vcf", ["C1"], ["chr1 9100 . A C . . . GT 0/1"], length=1234)
    lake = _lake(tmp_path, told, bare, unknown)
    derive_suppressed(lake, Suppression(genes=("brca1",), regions={"GRCh38": str(bed)}), 1)
    assert _hidden(lake) == {(1000, "gene"), (2990, "region"), (5000, "region"), (9100, "not-told")}
    derive_suppressed(lake, Suppression(genes=("ENSG0000BRCA1",)), 2)
    assert _hidden(lake) == {(1000, "gene"), (9000, "not-told"), (9100, "not-told")}
    bed.write_text("chr17\t0\t1000\n")
    derive_suppressed(lake, Suppression(regions={"GRCh38": str(bed)}), 3)
    assert _hidden(lake) == {(1000, "region"), (9100, "not-told")}, (
        "the end of a BED interval is the last base"
    )


@pytest.mark.parametrize("line", ["chr1\t5", "chr1\tx\t9", "chr1\t9\t5"])
def test_a_line_that_is_no_interval_stops_the_round(tmp_path: Path, line: str) -> None:
    bed = tmp_path / "hidden.bed"
    bed.write_text(f"chr1\t1\t2\n{line}\n")
    with pytest.raises(Fatal, match="GRCh38, line 2"):
        Suppression(regions={"GRCh38": str(bed)}).digest()
    with pytest.raises(Fatal, match="no such file"):
        Suppression(regions={"GRCh38": str(tmp_path / "none.bed")}).digest()
    with pytest.raises(Fatal, match="no such assembly"):
        Suppression(regions={"hg19": str(bed)})


def _everything(reader: Reader) -> dict[str, Any]:
    """What each exit tells: positions, by exit."""
    searched = search_variants(reader, VariantQuery("chr1"), 100)
    carried = search_variants(reader, VariantQuery(person_ids=(101, 102, 103)), 100)
    listed = [v for who in (101, 102, 103) for v in summarise_variants(reader, who, None).listed]
    tables = ("variant", "variant_quality", "call")
    joined = {
        table: reader.rows(
            f"SELECT record_id FROM genomics.{table}",
        )
        for table in tables
    }
    places = {row["record_id"]: row["position"] for row in reader.lake.read("genomics.variant").to_pylist()}
    return {
        "search": {found.position for found in searched},
        "search by person": {found.position for found in carried},
        "patient": {found.position for found in listed},
        **{f"SQL {table}": {places[row["record_id"]] for row in rows} for table, rows in joined.items()},
    }


def test_no_exit_tells_of_them(tmp_path: Path) -> None:
    import pysam

    cohort = _write(tmp_path / "a.vcf", ["A1", "B1", "C1"], COHORT)
    lake = _lake(tmp_path, cohort)
    open_, closed = (
        _reader(tmp_path / name, lake, policy)
        for name, policy in (("all", Suppression()), ("hides", Suppression(singletons=True)))
    )
    assert _everything(open_)["search"] == {100, 200, 300, 400, 500, 600}
    seen = _everything(closed)
    assert seen["search by person"] == seen["patient"] == {200}
    for way in ("search", "SQL variant", "SQL variant_quality", "SQL call"):
        assert seen[way] == {200, 500}, way
    assert closed.count("genomics.variant") == 2 and not closed.has(HIDDEN)
    with pytest.raises(Exception, match="suppressed"):
        closed.rows(f"SELECT * FROM {HIDDEN}")
    (written,) = export_vcf(lake, dict(closed.release.tables), tmp_path / "out")
    with pysam.VariantFile(str(written.path)) as records:
        assert [record.pos for record in records] == [200, 500]


def test_what_is_stale_or_missing_releases_nothing(tmp_path: Path) -> None:
    lake = _lake(tmp_path, _write(tmp_path / "a.vcf", ["A1", "B1", "C1"], COHORT))
    policy, versions = Suppression(singletons=True), lake.versions()
    assert not [name for name in without_suppressed(lake, versions, policy) if name.startswith("genomics.")]
    derive_suppressed(lake, policy, 1)
    assert HIDDEN in without_suppressed(lake, lake.versions(), policy)
    assert HIDDEN not in without_suppressed(lake, lake.versions(), Suppression()), (
        "nothing is hidden any more"
    )
    other = Suppression(genes=("BRCA1",))
    assert not [name for name in without_suppressed(lake, lake.versions(), other) if "genomics" in name]


def test_withheld_genotypes_leave_sites_alone(tmp_path: Path) -> None:
    import pysam

    from flows.stages.releasing import released_tables

    lake = _lake(tmp_path, _write(tmp_path / "a.vcf", ["A1", "B1", "C1"], COHORT))
    tables = released_tables(lake.versions(), "no-genotypes")
    (written,) = export_vcf(lake, tables, tmp_path / "out")
    with pysam.VariantFile(str(written.path)) as records:
        assert list(records.header.samples) == [] and len(list(records)) == 6
    with pytest.raises(Fatal, match="no file fits"):
        list(export_vcf(lake, tables, tmp_path / "out", Choice(person_id=101)))
