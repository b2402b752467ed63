"""Deletions and retractions are versions: ordered, remembered, undone by what is newer, the same in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.accounting import Account
from contracts.schemas import PRESENCE
from contracts.units import Unit
from tasks.merging import Merge, merge_presences
from tasks.publishing import account_source
from tests.tasks.test_merging import Staged, empty_ledger

Said = tuple[int, str, int, str]
"""A record's id, the version, the digest, and the fate: accepted, deleted or retracted."""


def stage(unit: str, said: Sequence[Said]) -> Staged:
    names = ("_owner", "_record", "record_type", "version", "digest", "fate")
    rows = [dict(zip(names, (o, n, "x", v, d, f), strict=True)) for n, (o, v, d, f) in enumerate(said)]
    account = Account(len(said))
    for *_, fate in said:
        account.add({"deleted": "removed", "retracted": "quarantined"}.get(fate, fate))
    return Staged(
        Unit(f"s/{unit}", "s", "fhir"), "f", None, "record", "r", {}, account.to_json(),
        context={"batches": pa.Table.from_pylist(rows, schema=PRESENCE).to_batches()},
    )  # fmt: skip


class Nights:
    """A source that adds to what it said before, with its lake: the digest that stands of each record."""

    def __init__(self, *, incremental: bool = True) -> None:
        self.ledger, self.lake, self.incremental = empty_ledger(), dict[int, int](), incremental

    def night(self, **units: Sequence[Said]) -> tuple[Merge, Account]:
        """A night that reads these units."""
        return self.withdraw([], units)

    def withdraw(self, gone: Sequence[str], units: Mapping[str, Sequence[Said]]) -> tuple[Merge, Account]:
        """A night after which a snapshot holds some units no more."""
        staged = [stage(name, said) for name, said in units.items()]
        merge = merge_presences(
            staged, self.ledger, [f"s/{unit}" for unit in gone], incremental=self.incremental
        )
        for owner in merge.rewritten:
            self.lake.pop(owner, None)
        for owner, unit, record in merge.winners.iter_rows():
            said = units[unit.removeprefix("s/")][record]
            assert said[3] == "accepted"
            self.lake[owner] = said[2]
        others = self.ledger.filter(~self.ledger["_owner"].is_in(merge.touched))
        self.ledger = others.vstack(merge.ledger.select(others.columns))
        account, _ = account_source(list(staged), merge, [], len(merge.removed))
        assert account.balanced
        return merge, account


ENDS = ["deleted", "retracted"]


@pytest.mark.parametrize("end", ENDS)
def test_an_end_removes_what_stood_and_is_counted_once(end: str) -> None:
    nights = Nights()
    nights.night(a=[(1, "1", 10, "accepted"), (2, "1", 20, "accepted")])
    merge, account = nights.night(b=[(1, "2", 11, end)])
    assert nights.lake == {2: 20}
    assert account.fates["removed"] == 1
    # what is entered in error is in quarantine, and the record that it ends is removed beside
    assert merge.removed == ([] if end == "deleted" else [1])
    assert account.read == (1 if end == "deleted" else 2)


@pytest.mark.parametrize("end", ENDS)
def test_an_end_again_changes_nothing(end: str) -> None:
    nights = Nights()
    nights.night(a=[(1, "1", 10, "accepted")])
    nights.night(b=[(1, "2", 11, end)])
    merge, account = nights.night(b=[(1, "2", 11, end)])
    assert (nights.lake, merge.removed) == ({}, [])
    assert account.fates["unchanged" if end == "deleted" else "quarantined"] == account.read == 1


@pytest.mark.parametrize("end", ENDS)
def test_an_older_statement_does_not_come_back_and_a_newer_one_does(end: str) -> None:
    nights = Nights()
    nights.night(b=[(1, "5", 11, end)])
    nights.night(a=[(1, "4", 10, "accepted")])
    assert nights.lake == {}
    nights.night(c=[(1, "6", 12, "accepted")])
    assert nights.lake == {1: 12}
    _, account = nights.night(d=[(1, "5", 13, end)])
    assert nights.lake == {1: 12}
    assert account.fates["merged" if end == "deleted" else "quarantined"] == 1


def test_of_one_instant_the_end_holds() -> None:
    for units in permutations([("a", (1, "", 99, "accepted")), ("b", (1, "", 5, "deleted"))]):
        nights = Nights()
        for name, said in units:
            nights.night(**{name: [said]})
        assert nights.lake == {}


def test_a_file_of_deletions_that_is_replaced_is_remembered() -> None:
    """Bulk servers use the same file names every night."""
    nights = Nights()
    nights.night(a=[(1, "1", 10, "accepted"), (2, "1", 20, "accepted")])
    nights.night(deleted=[(1, "2", 11, "deleted")])
    nights.night(deleted=[(2, "3", 21, "deleted")])
    nights.night(a=[(1, "1", 10, "accepted"), (2, "1", 20, "accepted")])
    assert nights.lake == {}


def test_a_snapshot_without_its_deletion_says_that_it_stands() -> None:
    nights = Nights(incremental=False)
    nights.night(a=[(1, "1", 10, "accepted")], b=[(1, "2", 11, "deleted")])
    assert nights.lake == {}
    merge, _ = nights.withdraw(["b"], {})
    assert merge.dirty == ["s/a"]  # read again next
    nights.night(a=[(1, "1", 10, "accepted")])
    assert nights.lake == {1: 10}


_SAID = st.tuples(
    st.integers(1, 3),
    st.sampled_from(["", "1", "2"]),
    st.integers(1, 9),
    st.sampled_from(["accepted", *ENDS]),
)


@settings(max_examples=60, deadline=None)
@given(said=st.lists(_SAID, min_size=1, max_size=8, unique_by=lambda one: one[:3]), data=st.data())
def test_any_order_over_any_nights_ends_alike(said: list[Said], data: st.DataObject) -> None:
    newest = {
        owner: max((s[1], s[3] != "accepted", s[2]) for s in said if s[0] == owner) for owner, *_ in said
    }
    expected = {owner: digest for owner, (_, ends, digest) in newest.items() if not ends}
    nights = Nights()
    for number, one in enumerate(data.draw(st.permutations(said))):
        if number and data.draw(st.booleans()):
            continue
        nights.night(**{f"u{number}": [one]})
        said = [other for other in said if other != one]
    nights.night(rest=data.draw(st.permutations(said)))
    assert nights.lake == expected
