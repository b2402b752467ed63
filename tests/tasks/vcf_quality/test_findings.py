"""Sex, duplicates and kinship are found in genotypes of which they are known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tasks.vcf.quality.findings import SampleFacts, degree, find_mismatches
from tasks.vcf.quality.kinship import Kinship
from tasks.vcf.quality.sex import SexCounts

SITES = 6_000


def _family() -> np.ndarray:
    """Calls (sites, samples) of father, mother, child, sibling, the child once more, a stranger; two alleles each."""
    rng = np.random.default_rng(7)
    frequency = rng.uniform(0.2, 0.8, SITES)
    founders = (rng.random((SITES, 3, 2)) < frequency[:, None, None]).astype(np.int8)

    def child() -> np.ndarray:
        rows = np.arange(SITES)
        father, mother = (founders[rows, parent, rng.integers(0, 2, SITES)] for parent in (0, 1))
        return np.asarray(father + mother)

    one, other = child(), child()
    doses = np.stack([*founders.sum(axis=2).T[:2], one, other, one, founders.sum(axis=2)[:, 2]], axis=1)
    return np.asarray(doses, dtype=np.int8)  # 0, 1, 2 are HOM_REF, HET, HOM_ALT


def test_kinship_of_a_family() -> None:
    calls = _family()
    kinship = Kinship(6, SITES)
    for start in range(0, SITES, 1_000):
        kinship.add(calls[start : start + 1_000])
    found = kinship.estimate()
    assert found[0, 2] == pytest.approx(0.25, abs=0.03)
    assert found[2, 3] == pytest.approx(0.25, abs=0.03)
    assert found[2, 4] == pytest.approx(0.5)
    assert abs(found[0, 1]) < 0.04
    assert abs(found[2, 5]) < 0.04
    told = {(p.one, p.other): degree((0, 0, p.kinship, p.sites, p.opposite)) for p in kinship.pairs()}
    assert told[0, 2] == "parent and child"
    assert told[2, 3] == "siblings"
    assert told[2, 4] == "the same genome"


def test_sex_by_what_is_heterozygous_on_x_outside_the_shared_regions() -> None:
    counts = SexCounts(2, "GRCh38")
    codes = np.array([[2, 1]] * 30 + [[1, 1]] * 30, dtype=np.int8)
    positions = np.array([5_000_000] * 30 + [20_000] * 30)
    counts.add(pa.array(["chrX"] * 60), positions, codes)
    assert counts.sexes() == ["male", "female"]


def test_what_speaks_against_the_record() -> None:
    pairs = ((1, 2, 0.5, 9_000, 0.0), (1, 3, 0.25, 9_000, 0.0))
    facts = {9: SampleFacts((1, 2, 3, 4), ("male", "female", None, None), pairs)}
    persons = {1: 10, 2: 20, 3: 30, 4: 30}
    sexes = {1: {"record": "female", "sheet": "male"}, 2: {"record": "female"}, 3: {"record": "male"}}
    sexes[4] = {"record": "male", "sheet": "female"}
    found = list(find_mismatches(facts, persons, sexes, {frozenset([1, 4]): "parent"}))
    assert [(one.kind, one.samples) for one in found] == [
        ("sex", (1,)),
        ("sex", (4,)),
        ("duplicate", (1, 2)),
        ("related", (1, 3)),
        ("unrelated", (3, 4)),
        ("unrelated", (1, 4)),
    ]
    assert [(one.recorded, one.found) for one in found[:2]] == [
        ("female (record)", "male"),
        ("male (record), female (sheet)", "not told by genotypes"),
    ]


def test_of_families_that_nobody_declared_nothing_is_said() -> None:
    facts = {9: SampleFacts((1, 2, 3), (None, None, None), ((1, 2, 0.25, 9_000, 0.0),))}
    assert list(find_mismatches(facts, {1: 10, 2: 20, 3: 30}, {})) == []
    declared = {frozenset([3, 4]): "parent"}
    assert list(find_mismatches(facts, {1: 10, 2: 20, 3: 30}, {}, declared)) == [], "of another family"
