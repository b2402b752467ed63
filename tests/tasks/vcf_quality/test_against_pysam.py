"""Quality tables hold what a plain loop over pysam's records counts."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import comb, factorial
from pathlib import Path
from typing import Any

import pysam
import pytest

from tasks.vcf.quality.deriving import derive_variants
from tests.tasks.vcf_export.lakes import fill_lake

FILES = ("chr22.vcf.gz", "1kg_2020_chrM.vcf.gz", "mixed_ploidy.vcf.gz")


def _code(alleles: tuple[int | None, ...]) -> str:
    if not alleles or None in alleles:
        return "missing"
    if len(alleles) == 1:
        return "haploid_alt" if alleles[0] else "haploid_ref"
    if any(one != other for one, other in pairwise(alleles)):
        return "het"
    return "hom_alt" if alleles[0] else "hom_ref"


def _count(path: Path) -> tuple[list[dict[str, Any]], list[Counter[str]]]:
    """By variant and by sample; of files without reference blocks."""
    variants, samples = [], list[Counter[str]]()
    with pysam.VariantFile(str(path)) as file:
        samples = [Counter() for _ in file.header.samples]
        for record in file:
            if "GT" not in record.format:
                continue
            calls = [call["GT"] for call in record.samples.values()]
            codes = Counter(_code(call) for call in calls)
            counts = Counter(allele for call in calls for allele in call if allele is not None)
            told = {
                "allele_number": counts.total(),
                "allele_counts": [counts[n] for n in range(1, len(record.alleles or ()))],
                "call_rate": 1 - codes["missing"] / len(calls),
            }
            for name in ("hom_ref", "het", "hom_alt", "haploid_ref", "haploid_alt", "missing"):
                told[name] = codes[name]
            variants.append(told)
            for counter, call in zip(samples, calls, strict=True):
                counter[_code(call)] += 1
                counter["singletons"] += sum(counts[a] == 1 for a in {*call} if a)
                for allele in {a for a in call if a}:
                    two = {record.ref, record.alleles[allele]} if record.alleles else set()
                    if two <= set("ACGT") and len(two) == 2:
                        counter["transitions" if two in ({"A", "G"}, {"C", "T"}) else "transversions"] += 1
    return variants, samples


@pytest.mark.parametrize("name", FILES)
def test_counts_are_those_of_a_plain_loop(shared: Path, tmp_path: Path, name: str) -> None:
    path = shared / "data" / "vcf" / "real" / name
    lake = fill_lake(tmp_path, [path])
    derive_variants(lake, None, 1)
    variants, samples = _count(path)
    with lake.connect() as connection:
        found = connection.sql(
            "SELECT q.* FROM genomics.variant_quality AS q JOIN genomics.variant USING (record_id) "
            "ORDER BY record_index"
        ).to_arrow_table()
        by_sample = connection.sql(
            "SELECT * FROM genomics.sample_quality ORDER BY sample_index"
        ).to_arrow_table()
    assert found.num_rows == len(variants) > 0
    for row, want in zip(found.to_pylist(), variants, strict=True):
        assert {name: row[name] for name in want} == want
    for row, want in zip(by_sample.to_pylist(), samples, strict=True):
        names = ("hom_ref", "het", "hom_alt", "missing", "singletons", "transitions", "transversions")
        assert {key: row[key] for key in names} == {key: want[key] for key in names}


def _slow_p(hom_ref: int, het: int, hom_alt: int) -> float:
    """The exact test by its definition, in whole numbers."""
    people, rare = hom_ref + het + hom_alt, 2 * hom_alt + het
    total = comb(2 * people, rare)

    def ways(hets: int) -> float:
        rares = (rare - hets) // 2
        commons = people - hets - rares
        shapes = factorial(people) // (factorial(hets) * factorial(rares) * factorial(commons))
        return float(shapes * 2**hets / total)

    possible = [h for h in range(rare % 2, rare + 1, 2) if people - h - (rare - h) // 2 >= 0]
    own = ways(het)
    return sum(ways(h) for h in possible if ways(h) <= own * (1 + 1e-9))


def test_hardy_weinberg_is_the_exact_test() -> None:
    import numpy as np

    from tasks.vcf.quality.equilibrium import exact_p

    cases = [(a, b, c) for a in (0, 1, 7, 40) for b in (0, 1, 5, 33) for c in (0, 1, 2, 19) if a + b + c]
    found = exact_p(*(np.array(column) for column in zip(*cases, strict=True)))
    assert found.tolist() == pytest.approx([_slow_p(*case) for case in cases], rel=1e-9)


def test_a_file_is_counted_once_and_goes_when_it_is_gone(shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "vcf" / "real" / "mixed_ploidy.vcf.gz"
    lake = fill_lake(tmp_path, [path])
    assert derive_variants(lake, None, 1)
    assert derive_variants(lake, None, 2) == []
    for table in ("genomics.file", "genomics.sample", "genomics.variant", "genomics.call"):
        lake.replace(table, "lab", [1], iter(()), publish=(f"gone/{table}", 3))
    derive_variants(lake, None, 3)
    assert [lake.rows(f"genomics.{name}_quality") for name in ("variant", "sample", "file")] == [0, 0, 0]
