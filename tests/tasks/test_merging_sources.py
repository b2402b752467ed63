"""A source judged in slices, with few versions opened, is judged as at once with all of them open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import Fatal
from contracts.keys import Key
from contracts.schemas import PRESENCE
from tasks.merging import LEDGER_COLUMNS, WITHIN, Merge, empty_ledger, merge_presences
from tasks.merging_sources import SourceMerge, merge_source, slices_of
from tasks.slices import Slices
from tasks.versions import open_versions, seal_versions
from tests.tasks.test_merging import Staged
from tests.tasks.test_merging_deletes import Said, stage

KEY = Key("test", bytes(range(32)))
OWNERS = st.integers(0, 8).map(lambda n: n * 0x1F35_7BD9_1234_5677 % (1 << 63) - (n % 2 << 62))
SAID = st.tuples(
    OWNERS,
    st.sampled_from(["", "2023", "2024"]),
    st.integers(0, 2),
    st.sampled_from(["accepted", "unmapped", "deleted", "retracted"]),
)
UNITS = st.dictionaries(st.sampled_from("abcd"), st.lists(SAID, max_size=8), max_size=4)


def _sealed(staged: Staged) -> Staged:
    rows = pl.DataFrame(pa.Table.from_batches(staged.context["batches"], schema=PRESENCE))
    batches = seal_versions(rows, KEY).to_arrow().cast(PRESENCE).to_batches()
    return replace(staged, context={"batches": batches})


def _comparable(merge: SourceMerge) -> dict[str, object]:
    held = [frame.select(LEDGER_COLUMNS) for frame in merge.ledger()]
    ledger = open_versions(pl.concat(held), KEY).sort(LEDGER_COLUMNS).rows() if held else []
    return {
        "touched": merge.touched.tolist(),
        "rewritten": merge.rewritten.tolist(),
        "removed": merge.removed.tolist(),
        "winners": {unit: rows.tolist() for unit, rows in merge.winners.items()},
        "counts": (dict(merge.merged), dict(merge.unchanged)),
        "dirty": list(merge.dirty),
        "ceded": {source: owners.tolist() for source, owners in merge.ceded.items()},
        "ledger": ledger,
    }


def _expected(merge: Merge) -> dict[str, object]:
    winners: dict[str, list[int]] = {}
    for _, unit, record in sorted(merge.winners.iter_rows(), key=lambda row: (row[1], row[2])):
        winners.setdefault(unit, []).append(record)
    return {
        "touched": merge.touched,
        "rewritten": merge.rewritten,
        "removed": merge.removed,
        "winners": winners,
        "counts": (merge.merged, merge.unchanged),
        "dirty": merge.dirty,
        "ceded": merge.ceded,
        "ledger": merge.ledger.select(LEDGER_COLUMNS).sort(LEDGER_COLUMNS).rows(),
    }


def _next(ledger: pl.DataFrame, merge: Merge) -> pl.DataFrame:
    kept = ledger.filter(~pl.col("_owner").is_in(merge.touched))
    return pl.concat([kept, merge.ledger.select(LEDGER_COLUMNS)])


@settings(max_examples=60, deadline=None)
@given(
    nights=st.lists(st.tuples(UNITS, st.sets(st.sampled_from("abcd"), max_size=2)), min_size=1, max_size=3),
    others=st.lists(SAID, max_size=6),
    count=st.integers(1, 5),
    incremental=st.booleans(),
)
def test_slices_are_judged_as_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    nights: Sequence[tuple[dict[str, list[Said]], set[str]]],
    others: list[Said],
    count: int,
    incremental: bool,
) -> None:
    folder = tmp_path_factory.getbasetemp() / uuid4().hex
    ledger = empty_ledger()
    beside = merge_presences([stage("z", others)], empty_ledger(), []).ledger.select(LEDGER_COLUMNS)
    beside = beside.with_columns(unit=pl.lit("t/z"))
    for units, leaving in nights:
        gone = [f"s/{unit}" for unit in sorted(leaving - units.keys())]
        plain = merge_presences(
            [stage(u, said) for u, said in sorted(units.items())], ledger, gone,
            incremental=incremental, others=beside,
        )  # fmt: skip
        with Slices(folder, count) as slices:
            found = merge_source(
                "fhir",
                [_sealed(stage(u, said)) for u, said in sorted(units.items())],
                [seal_versions(part, KEY) for part in ledger.iter_slices(3)],
                gone,
                slices,
                KEY,
                incremental=incremental,
                others=[seal_versions(beside, KEY)],
            )
            assert _comparable(found) == _expected(plain)
        assert not folder.exists(), "what was set apart is gone"
        ledger = _next(ledger, plain)


def test_what_a_killed_round_left_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "merging"
    with Slices(folder, 2) as slices:
        slices.divide("staged", [pl.DataFrame({"_owner": [1, 2]})])
        assert list(folder.iterdir())
    assert not folder.exists()
    folder.mkdir()
    (folder / "staged.0.arrow").write_bytes(b"cut off")
    with Slices(folder, 2) as slices:
        assert slices.divide("staged", []).read(0) is None


def test_every_row_lies_in_the_slice_of_its_owner(tmp_path: Path) -> None:
    owners = np.random.default_rng(4).integers(-(1 << 63), (1 << 63) - 1, 5_000)
    with Slices(tmp_path / "s", 7) as slices:
        frames = [pl.DataFrame({"_owner": part, "n": part}) for part in np.array_split(owners, 9)]
        divided = slices.divide("rows", frames)
        parts = [divided.read(number) for number in range(7)]
    held = [part["_owner"].to_list() for part in parts if part is not None]
    assert sorted(owner for part in held for owner in part) == sorted(owners.tolist())
    assert all(len(part) > 500 for part in held), "slices are alike"
    assert not any(set(a) & set(b) for n, a in enumerate(held) for b in held[:n])


def test_statements_within_documents_are_judged_at_once(tmp_path: Path) -> None:
    assert slices_of(tmp_path, "ccda", [], 10_000_000).count == 1
    assert slices_of(tmp_path, "fhir", [], 10_000_000).count > 100
    # elsewhere none is known: what claims to be one is no statement of ours
    told: list[Said] = [(1, f"2023{WITHIN}9", 1, "accepted"), (1, f"2024{WITHIN}9", 2, "accepted")]
    with Slices(tmp_path / "s", 1) as slices, pytest.raises(Fatal):
        merge_source("fhir", [_sealed(stage("a", told))], [], [], slices, KEY)


def test_documents_of_a_source_beside_this_one_are_left_alone(tmp_path: Path) -> None:
    rows = [
        {"_owner": 7, "unit": f"exchange/{n}", "record_type": "x", "version": f"{n}{WITHIN}9", "digest": n}
        for n in (1, 2)
    ]
    beside = pl.DataFrame(rows).with_columns(fate=pl.lit("accepted"), _recipe=pl.lit("r"))
    told: list[Said] = [(1, "2023", 1, "accepted")]
    with Slices(tmp_path / "s", 1) as slices:
        others = [seal_versions(beside, KEY)]
        found = merge_source("omop", [_sealed(stage("a", told))], [], [], slices, KEY, others=others)
        assert found.touched.tolist() == [1] and not found.ceded


def test_a_contested_version_of_another_key_is_told(tmp_path: Path) -> None:
    told: list[Said] = [(1, "2023", 1, "accepted"), (1, "2024", 2, "accepted")]
    with Slices(tmp_path / "s", 1) as slices, pytest.raises(Fatal, match="version"):
        merge_source("fhir", [_sealed(stage("a", told))], [], [], slices, Key("other", b"x" * 32))
