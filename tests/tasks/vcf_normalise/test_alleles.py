"""Alleles in the lake are spelled as bcftools norm spells them."""

from __future__ import annotations

import hashlib
import random
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Fatal
from contracts.units import Source
from tasks.recipe import policy_digest, reference_components
from tasks.vcf.normalise.alleles import Alleles, check_reference, normalise
from tasks.vcf.normalise.files import Norm, normalise_file
from tasks.vcf.normalise.reference import FileReference, open_reference, read_options
from tests.tasks.vcf_normalise.references import write_reference

SEQUENCES = {"chr1": "ACACACACGTTTTTGCAGCAGCAGN" + "ACGTTGCA" * 6, "chr2": "A" * 12 + "CAG" * 5 + "T" * 6}
Record = tuple[str, int, str, list[str]]


@pytest.fixture(scope="module")
def fasta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("reference") / "r.fa", SEQUENCES)


def _of_file(fasta: Path, header: str = "") -> FileReference:
    lengths: dict[str, int | None] = {name: len(bases) for name, bases in SEQUENCES.items()}
    found = read_options({"reference": str(fasta)}).of_file(None, lengths, header)
    assert found is not None
    return found


def _columns(records: list[Record]) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
    kinds = (pa.string(), pa.int64(), pa.string(), pa.list_(pa.string()))
    columns = zip(*records, strict=True)
    found = [pa.array(list(values), kind) for values, kind in zip(columns, kinds, strict=True)]
    return found[0], found[1], found[2], found[3]


def _normalise(records: list[Record], file: FileReference | None) -> list[tuple[int, str, str]]:
    contigs, positions, references, alternates = _columns(records)
    fits = check_reference(contigs, positions, references, file)
    return _rows(normalise(contigs, positions, references, alternates, file, fits))


def _rows(found: Alleles) -> list[tuple[int, str, str]]:
    columns = (found.positions, found.references, found.alternates)
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


def _random_alternate(rng: random.Random, sequence: str, start: int, reference: str) -> str:
    kind = rng.random()
    if kind < 0.4:
        return reference[0] + "".join(rng.choice("ACGT") for _ in range(rng.randrange(4)))
    if kind < 0.6:
        return reference[:1] + reference[1:][rng.randrange(len(reference)) :]
    if kind < 0.95:
        return reference + rng.choice([reference, reference[::-1], sequence[start : start + 2]])
    return "*"


def _random_records(count: int) -> list[Record]:
    rng, found = random.Random(7), []
    for _ in range(count):
        contig = rng.choice(list(SEQUENCES))
        sequence = SEQUENCES[contig]
        start = rng.randrange(len(sequence))
        reference = sequence[start : start + rng.choice([1, 1, 2, 3, 6])]
        alternate = _random_alternate(rng, sequence, start, reference)
        if alternate != reference and "N" not in reference:
            found.append((contig, start + 1, reference, [alternate]))
    return found


def test_every_allele_is_where_bcftools_puts_it(fasta: Path, tmp_path: Path) -> None:
    records = sorted(_random_records(2000), key=lambda record: record[:2])
    lines = ["##fileformat=VCFv4.2", '##INFO=<ID=I,Number=1,Type=Integer,Description="number">']
    lines += [f"##contig=<ID={name},length={len(bases)}>" for name, bases in SEQUENCES.items()]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for number, (contig, position, reference, (alternate,)) in enumerate(records):
        lines.append(f"{contig}\t{position}\t.\t{reference}\t{alternate}\t.\t.\tI={number}")
    source, target = tmp_path / "a.vcf", tmp_path / "b.vcf"
    source.write_text("\n".join(lines) + "\n")
    counts = normalise_file(source, target, Norm(fasta))
    assert counts["realigned"] > 500
    told = {}
    for line in target.read_text().splitlines():
        if not line.startswith("#"):
            cells = line.split("\t")
            told[int(cells[7][2:])] = (int(cells[1]), cells[3], cells[4])
    assert _normalise(records, _of_file(fasta)) == [told[number] for number in range(len(records))]


def test_the_case_of_bcftools_split_and_aligned(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data/vcf/norm"
    fasta = tmp_path / "norm.fa"
    fasta.write_bytes((folder / "norm.fa").read_bytes())
    import pysam

    pysam.faidx(str(fasta))
    target = tmp_path / "split.vcf"
    normalise_file(folder / "norm.vcf", target, Norm(fasta, check="exclude", multiallelics="-any"))
    given = [line.split("\t") for line in (folder / "norm.vcf").read_text().splitlines() if line[0] != "#"]
    records: list[Record] = [
        (f"chr{c[0]}", int(c[1]), c[3], [] if c[4] == "." else c[4].split(",")) for c in given
    ]
    file = read_options({"reference": str(fasta)}).of_file(None, {}, "")
    contigs, positions, references, _ = _columns(records)
    fits = check_reference(contigs, positions, references, file).to_pylist()
    assert fits.count(False) == 1  # bcftools leaves out one more, for an allele of odd letters
    sound = [re.fullmatch("[ACGTN*,]*", ",".join(record[3])) for record in records]
    kept = [record for record, fit, one in zip(records, fits, sound, strict=True) if fit and one]
    found = _normalise(kept, file)
    told = [line.split("\t") for line in target.read_text().splitlines() if line[0] != "#"]
    assert sorted(found) == sorted((int(c[1]), c[3], c[4]) for c in told if c[4] != ".")


BASES = st.text("ACGT", min_size=1, max_size=6)


@given(st.integers(1, 40), st.integers(1, 5), BASES)
def test_normalising_twice_is_normalising_once_and_the_same_change(
    fasta: Path, position: int, length: int, alternate: str
) -> None:
    sequence = SEQUENCES["chr1"]
    record: Record = ("chr1", position, sequence[position - 1 : position - 1 + length], [alternate])
    file = _of_file(fasta)
    (once,) = _normalise([record], file)
    assert _normalise([("chr1", once[0], once[1], [once[2]])], file) == [once]
    changed = sequence[: position - 1] + alternate + sequence[position - 1 + length :]
    assert sequence[: once[0] - 1] + once[2] + sequence[once[0] - 1 + len(once[1]) :] == changed
    _, one, other = once
    assert min(len(one), len(other)) == 1 or (one[0] != other[0] and one[-1] != other[-1])


@given(BASES, st.text("ACGT", max_size=3), st.text("ACGT", max_size=3))
def test_without_a_reference_one_base_and_the_same_change_are_left(shared: str, one: str, other: str) -> None:
    (found,) = _normalise([("chr1", 7, shared + one, [shared + other])], None)
    position, reference, alternate = found
    before, after = (shared + one)[: position - 7], (shared + one)[position - 7 + len(reference) :]
    assert reference and alternate and before + alternate + after == shared + other
    assert _normalise([("chr1", position, reference, [alternate])], None) == [found]


def test_what_is_no_sequence_stays_and_bases_are_capitals(fasta: Path) -> None:
    records: list[Record] = [
        ("chr1", 14, "tg", ["t", "<DEL>", "*", "T[chr2:5[", "tgN"]),
        ("chr2", 3, "A", []),
        ("chrUn", 5, "GT", ["GTT"]),
    ]
    assert _normalise(records, _of_file(fasta)) == [
        (14, "TG", "T"),
        (14, "tg", "<DEL>"),
        (14, "tg", "*"),
        (14, "tg", "T[chr2:5["),
        (15, "G", "GN"),
        (5, "G", "GT"),  # trimmed; there is nothing to move it along
    ]


def test_ref_is_checked_whatever_its_case_and_moves_only_where_it_fits(fasta: Path) -> None:
    records: list[Record] = [
        ("chr1", 13, "TT", ["T"]),
        ("chr1", 13, "tt", ["t"]),
        ("chr1", 13, "TA", ["T"]),
        ("chr1", 25, "R", ["A"]),  # N in the reference, as bcftools takes any other letter
        ("chr1", len(SEQUENCES["chr1"]), "AA", ["A"]),  # beyond the end
        ("chrUn", 1, "A", ["C"]),
    ]
    contigs, positions, references, _ = _columns(records)
    found = check_reference(contigs, positions, references, _of_file(fasta)).to_pylist()
    assert found == [True, True, False, True, False, None]
    assert _normalise(records, _of_file(fasta))[:3] == [(9, "GT", "G"), (9, "GT", "G"), (13, "TA", "T")]
    assert check_reference(contigs, positions, references, None).null_count == len(records)


def test_a_contig_that_is_another_sequence_is_left_out(fasta: Path, tmp_path: Path) -> None:
    right = hashlib.md5(SEQUENCES["chr1"].encode()).hexdigest()
    assert open_reference(fasta).md5(0) == right
    assert set(_of_file(fasta, f"##contig=<ID=chr1,md5={right}>").rows) == {"chr1", "chr2"}
    assert set(_of_file(fasta, f"##contig=<ID=chr1,md5={'0' * 32}>").rows) == {"chr2"}
    shorter = read_options({"reference": str(fasta)}).of_file(None, {"1": 5, "2": None, "3": 9}, "")
    assert shorter is not None and set(shorter.rows) == {"chr2"}


def test_options_that_are_wrong_are_told_without_the_path(fasta: Path, tmp_path: Path) -> None:
    bare = tmp_path / "secret-ward.fa"
    bare.write_text(">chr1\nACGT\n")
    other = write_reference(tmp_path / "secret-other.fa", {"chr1": "A"})
    other.with_name(other.name + ".fai").write_text("chr1\t248956422\t6\t7\t8\n")
    for options, word in (
        ({"reference": str(bare)}, "index"),
        ({"reference": str(tmp_path / "secret-none.fa")}, "no such file"),
        ({"reference_grch37": str(other)}, "GRCh38"),
        ({"reference": str(fasta), "check_reference": "secret"}, "not an option"),
    ):
        with pytest.raises(Fatal, match=word) as caught:
            read_options(options)
        assert "secret" not in str(caught.value)
    with pytest.raises(Fatal, match="not that of the file"):
        open_reference(other)


def test_references_are_part_of_the_recipe_and_exporting_is_not(fasta: Path, tmp_path: Path) -> None:
    def parts(**options: str) -> dict[str, str]:
        return reference_components(Source("lab", "vcf", "/x", options=options))

    assert parts() == parts(strict="true") == {}
    one = parts(reference=str(fasta))
    assert one and one != parts(reference=str(fasta), check_reference="reject")
    changed = write_reference(tmp_path / "r.fa", {"chr1": "ACGT"})
    assert parts(reference=str(changed)) != one
    assert not reference_components(Source("ehr", "fhir", "/x", options={"reference": str(fasta)}))
    assert policy_digest("vcf") == policy_digest("vcf")
