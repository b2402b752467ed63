"""An incremental source adds to what it said before, though its files bear the same names every night."""

from __future__ import annotations

import polars as pl

from tasks.merging import Merge, merge_presences
from tests.tasks.test_merging import empty_ledger, stage


def night(content: list[tuple[int, str, int]], ledger: pl.DataFrame, *, incremental: bool) -> Merge:
    return merge_presences([stage("a", content)], ledger, [], incremental=incremental)


def test_a_record_that_tonights_file_leaves_out_stands_as_last_stated() -> None:
    first = night([(1, "2023", 10), (2, "2023", 20)], empty_ledger(), incremental=True)
    second = night([(3, "2024", 30), (2, "2024", 21)], first.ledger, incremental=True)
    assert second.removed == []
    assert set(second.winners["_owner"]) == {2, 3}
    assert 1 not in second.touched
    assert {row[0] for row in second.ledger.select("_owner").iter_rows()} == {2, 3}


def test_a_snapshot_says_that_what_it_leaves_out_is_gone() -> None:
    first = night([(1, "2023", 10), (2, "2023", 20)], empty_ledger(), incremental=False)
    second = night([(2, "2023", 20)], first.ledger, incremental=False)
    assert second.removed == [1]


def test_an_older_statement_in_a_reused_file_does_not_undo_a_newer_one_elsewhere() -> None:
    first = merge_presences(
        [stage("a", [(1, "2023", 10)]), stage("b", [(1, "2024", 11)])], empty_ledger(), [], incremental=True
    )
    second = night([(1, "2022", 9)], first.ledger, incremental=True)
    assert second.winners.height == 0 and second.removed == []
