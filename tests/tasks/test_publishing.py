"""Publishing: the order of tables, children of a blocked one, and the account of a source."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from contracts.accounting import Account
from contracts.units import Unit
from stores.lake import Lake
from stores.staging import Manifest
from tasks.merging import empty_ledger, merge_presences
from tasks.merging_sources import whole
from tasks.publishing import account_source, publish_table, tables_of


def _manifest(tables: dict[str, int]) -> Manifest:
    entries = {name: {"files": [], "rows": rows} for name, rows in tables.items()}
    return Manifest(Unit("s/a", "s", "fhir"), "f", 1, "file", "r", entries, Account().to_json())


def test_parents_are_published_before_their_children() -> None:
    manifest = _manifest(
        {"omop.note": 1, "omop.visit_occurrence": 1, "records.patient": 1, "records.ledger": 1}
    )
    assert tables_of([manifest], set()) == ["records.patient", "omop.visit_occurrence", "omop.note"]


def test_what_was_published_before_is_looked_at_too_but_nothing_derived() -> None:
    """A unit that holds no condition any more must have its earlier one removed."""
    assert tables_of([], {"omop.condition_occurrence", "omop.person", "records.ledger"}) == [
        "omop.condition_occurrence"
    ]


def test_children_of_a_blocked_table_are_held_and_written_nowhere(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    merge = whole(merge_presences([], empty_ledger(), []))
    found = publish_table(
        lake, "s", "omop.note", [_manifest({"omop.note": 3})], merge,
        blocked={"omop.visit_occurrence"}, today=date(2024, 3, 12), round_no=1,
    )  # fmt: skip
    assert (found.state, found.reasons) == ("held", {"parent-blocked:omop.visit_occurrence": 1})
    assert lake.tables() == []


def test_units_that_were_not_read_are_unchanged_but_for_what_is_held_back() -> None:
    unread = Account(11)
    unread.add("accepted", 5)
    unread.add("unmapped", 2)
    unread.add("merged", 1)
    unread.add("quarantined", 3, reason="impossible-date")
    total, by_unit = account_source([], whole(merge_presences([], empty_ledger(), [])), [unread], 4)
    assert by_unit == {}
    assert {f: n for f, n in total.fates.items() if n} == {"unchanged": 8, "quarantined": 3, "removed": 4}
    assert total.reasons == {"impossible-date": 3}
    assert total.balanced
