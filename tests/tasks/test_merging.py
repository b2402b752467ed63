"""Newest wins, against a model in plain dictionaries: any records over any units and nights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.accounting import Account
from contracts.schemas import PRESENCE
from contracts.units import Unit
from stores.staging import Manifest
from tasks.merging import LEDGER_COLUMNS, Merge, merge_presences
from tasks.publishing import account_source

Presence = tuple[int, str, int]
"""A record's id, its version and the digest of its content."""


class Staged(Manifest):
    """A unit's manifest whose presences are at hand rather than in Parquet."""

    def presence_batches(self) -> Iterator[pa.RecordBatch]:
        yield from self.context["batches"]


def stage(unit: str, presences: list[Presence], recipe: str = "r") -> Staged:
    """The staged output of a unit that holds these records."""
    rows = [
        {
            "_owner": owner,
            "_record": n,
            "record_type": "x",
            "version": version,
            "digest": digest,
            "fate": "accepted",
        }
        for n, (owner, version, digest) in enumerate(presences)
    ]
    account = Account(len(rows))
    account.add("accepted", len(rows))
    return Staged(
        Unit(f"s/{unit}", "s", "fhir"), "f", None, "record", recipe, {}, account.to_json(),
        context={"batches": pa.Table.from_pylist(rows, schema=PRESENCE).to_batches()},
    )  # fmt: skip


def empty_ledger() -> pl.DataFrame:
    schema = dict.fromkeys(LEDGER_COLUMNS, pl.String) | {"_owner": pl.Int64, "digest": pl.Int64}
    return pl.DataFrame(schema=schema)


@dataclass
class Site:
    """A source, its lake and its ledger, kept as the flow keeps them."""

    units: dict[str, list[Presence]] = field(default_factory=dict)
    lake: dict[int, int] = field(default_factory=dict)
    ledger: pl.DataFrame = field(default_factory=empty_ledger)
    dirty: set[str] = field(default_factory=set)

    def night(self, changed: dict[str, list[Presence] | None]) -> tuple[Merge, list[Staged]]:
        """Units change, come and (None) go; those that are dirty are read too."""
        gone = [unit for unit, content in changed.items() if content is None and unit in self.units]
        for unit, content in changed.items():
            if content is None:
                self.units.pop(unit, None)
            else:
                self.units[unit] = content
        read = sorted({u for u, c in changed.items() if c is not None} | (self.dirty & self.units.keys()))
        manifests = [stage(unit, self.units[unit]) for unit in read]
        merge = merge_presences(manifests, self.ledger, [f"s/{unit}" for unit in gone])
        self.publish(merge)
        self.dirty = {unit.removeprefix("s/") for unit in merge.dirty}
        return merge, manifests

    def publish(self, merge: Merge) -> None:
        """What `replace` does: the rewritten owners' rows become exactly the winners'."""
        for owner in merge.rewritten:
            self.lake.pop(owner, None)
        for owner, unit, record in merge.winners.iter_rows():
            assert owner in merge.rewritten
            assert owner not in self.lake
            self.lake[owner] = self.units[unit.removeprefix("s/")][record][2]
        others = self.ledger.filter(~pl.col("_owner").is_in(merge.touched))
        self.ledger = pl.concat([others, merge.ledger.select(LEDGER_COLUMNS)])

    def newest(self) -> dict[int, int]:
        """What should stand: of each record the newest version, and among equals the greatest digest."""
        best: dict[int, tuple[str, int]] = {}
        for content in self.units.values():
            for owner, version, digest in content:
                best[owner] = max(best.get(owner, ("", -1)), (version, digest))
        return {owner: digest for owner, (_, digest) in best.items()}


_PRESENCES = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["", "2023", "2024"]), st.integers(0, 3)), max_size=6
)
_NIGHTS = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.one_of(st.none(), _PRESENCES), max_size=4),
    min_size=1,
    max_size=5,
)


@settings(max_examples=30)
@given(_NIGHTS)
def test_what_stands_is_what_is_newest_whatever_the_nights(
    nights: list[dict[str, list[Presence] | None]],
) -> None:
    site = Site()
    for changed in nights:
        before = set(site.newest())
        merge, _ = site.night(changed)
        newest = site.newest()
        assert site.lake.keys() == newest.keys(), "no record is lost, none stays that is gone"
        assert set(merge.removed) == before - newest.keys()
        waiting = {owner for unit in site.dirty for owner, _, _ in site.units[unit]}
        assert {o: d for o, d in site.lake.items() if o not in waiting} == {
            o: d for o, d in newest.items() if o not in waiting
        }
        held = {(row["_owner"], row["unit"]) for row in site.ledger.iter_rows(named=True)}
        assert held == {(o, f"s/{unit}") for unit, content in site.units.items() for o, _, _ in content}
    site.night({})
    assert site.lake == site.newest(), "what was dirty is read the next night"
    assert not site.dirty
    assert merge_presences([], site.ledger, []).touched == []


@settings(max_examples=30)
@given(_NIGHTS)
def test_every_staged_record_has_one_fate(nights: list[dict[str, list[Presence] | None]]) -> None:
    site = Site()
    for changed in nights:
        merge, manifests = site.night(changed)
        account, by_unit = account_source(list(manifests), merge, [], len(merge.removed))
        account.check("source")
        assert account.read == sum(len(site.units[m.unit.token]) for m in manifests) + len(merge.removed)
        assert account.fates["removed"] == len(merge.removed)
        won = merge.winners.height
        assert account.fates["accepted"] + account.fates["unchanged"] == won
        for manifest in manifests:
            by_unit[manifest.unit.unit].check("unit")
            assert by_unit[manifest.unit.unit].read == len(site.units[manifest.unit.token])


@settings(max_examples=30)
@given(_NIGHTS)
def test_any_split_into_nights_gives_the_same(nights: list[dict[str, list[Presence] | None]]) -> None:
    """All at once, and unit by unit in either order."""
    site = Site()
    for changed in nights:
        site.night(changed)
    site.night({})
    for order in (sorted(site.units), sorted(site.units, reverse=True)):
        other = Site()
        for unit in order:
            other.night({unit: site.units[unit]})
        other.night({})
        assert other.lake == site.lake


def test_the_same_again_is_unchanged_and_a_new_recipe_is_not() -> None:
    site = Site()
    content: list[Presence] = [(1, "2024", 10), (2, "2024", 20)]
    merge, _ = site.night({"a": content})
    assert (merge.unchanged, merge.merged) == ({}, {})
    merge, _ = site.night({"a": content})
    assert merge.unchanged == {("s/a", "accepted"): 2}
    again = merge_presences([stage("a", content, "another recipe")], site.ledger, [])
    assert again.unchanged == {}
    assert sorted(again.rewritten) == [1, 2]


def test_an_older_statement_in_a_new_unit_is_merged_and_leaves_the_rows_alone() -> None:
    site = Site()
    site.night({"a": [(1, "2024", 10)]})
    merge, _ = site.night({"b": [(1, "2023", 9)]})
    assert merge.merged == {("s/b", "accepted"): 1}
    assert (merge.touched, merge.rewritten) == ([1], [])
    assert site.lake == {1: 10}


def test_a_file_owns_its_rows_as_one_record_that_weighs_all_of_its_own() -> None:
    account = Account(23)
    account.add("accepted", 23)
    files = [
        Manifest(Unit(f"s/{name}", "s", "vcf"), "f", 77, "file", "r", {}, account.to_json())
        for name in ("vcf", "bcf")
    ]
    merge = merge_presences(files, empty_ledger(), [])
    assert merge.winners.height == 1
    total, _ = account_source(files, merge, [], 0)
    fates = {fate: count for fate, count in total.fates.items() if count}
    assert (total.read, fates) == (46, {"accepted": 23, "merged": 23})


@pytest.mark.parametrize("owner", [0, None])
def test_a_file_of_which_nothing_stands_owns_nothing(owner: int | None) -> None:
    account = Account(1)
    account.add("quarantined", reason="truncated-file")
    broken = Manifest(Unit("s/a", "s", "dicom"), "f", owner, "file", "r", {}, account.to_json())
    merge = merge_presences([broken], empty_ledger(), [])
    assert merge.touched == []
    total, _ = account_source([broken], merge, [], 0)
    assert Counter(total.fates) == Counter(quarantined=1)
