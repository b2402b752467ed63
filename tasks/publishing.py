"""Publish a source's staged rows into the lake, table by table, behind the gate.

A table of a source is what the gate blocks: hospital A's bad night never holds up hospital B, nor A's other tables,
but for the children of the blocked one, which are held. What is held or blocked stays staged and is tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from contracts.accounting import Account
from contracts.protocols import Receipt
from contracts.schemas import LAKE, table_named
from quality.gate import judge_table
from stores import staging
from stores.lake import Lake
from stores.staging import Manifest
from tasks.merging import Merge
from tasks.merging_sources import Numbers, SourceMerge
from tasks.visit_parts import parted_kind, settled_rows, settled_tables

LEDGER = "records.ledger"
_BATCH_ROWS = 20_000
_COUNTED_AS = {"accepted": "accepted", "unmapped": "unmapped", "deleted": "removed"}
"""Under which fate the account counts a presence; what is retracted lies in quarantine and stays counted there."""


@dataclass(frozen=True)
class Publication:
    """What became of one (source, table): `state` is published, unchanged, blocked or held.

    `rows` were judged in this round, duplicates included; `lake_rows` the whole table holds now, over all sources.
    """

    source: str
    table: str
    state: str
    rows: int = 0
    lake_rows: int = 0
    receipt: Receipt | None = None
    verdict: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


def tables_of(manifests: list[Manifest], published_before: set[str]) -> list[str]:
    """The lake tables that a source's round concerns, parents first."""
    staged = {t for m in manifests for t in m.tables if t in LAKE}
    names = (staged | published_before) - {LEDGER}
    return sorted((n for n in names if not LAKE[n].derived), key=lambda n: (LAKE[n].order, n))


def publish_table(
    lake: Lake,
    source: str,
    table: str,
    manifests: list[Manifest],
    merge: SourceMerge,
    *,
    blocked: set[str],
    today: date,
    round_no: int,
) -> Publication:
    """Judge one table of a source and, when it passes, make the lake hold exactly its rewritten owners' rows.

    Args:
        blocked: tables of this source that were blocked or held before this one, by order.
    """
    if parents := blocked & set(table_named(table).parents):
        return Publication(source, table, "held", reasons={f"parent-blocked:{p}": 1 for p in sorted(parents)})
    verdicts = [m.verdicts[table] for m in manifests if table in m.verdicts]
    rows = sum(m.rows(table) for m in manifests)
    verdict = judge_table(table, verdicts, today=today)
    if not verdict.passed:
        return Publication(
            source, table, "blocked", rows, lake.rows(table), None, verdict.to_json(), dict(verdict.reasons)
        )
    winning = _winning_rows(table, manifests, merge)
    if any(parted_kind(m.unit.kind) for m in manifests) and table in settled_tables():
        winning = settled_rows(lake, table, winning)
    ceded = False
    for other, owners in merge.ceded.items():  # before the rows come, so that no record is there twice
        publish = lake.next_publication(table, f"{other}:{table}:ceded", round_no)
        ceded |= lake.replace(table, other, owners, [], publish=publish).changed
    receipt = lake.replace(
        table,
        source,
        merge.rewritten,
        winning,
        publish=lake.next_publication(table, f"{source}:{table}", round_no),
    )
    state = "published" if receipt.changed or ceded else "unchanged"
    return Publication(
        source, table, state, rows, lake.rows(table), receipt, verdict.to_json(), dict(verdict.reasons)
    )


def _winning_rows(table: str, manifests: list[Manifest], merge: SourceMerge) -> Iterator[pa.RecordBatch]:
    """The staged rows of the owners that each unit won, with their own columns, a batch at a time."""
    won = merge.winners
    standing = sorted(
        (m for m in manifests if m.unit.unit in won and table in m.tables), key=lambda m: m.unit.unit
    )
    bundles: dict[Path, list[Manifest]] = {}
    for manifest in standing:
        if "first" in manifest.tables[table]:
            bundles.setdefault(manifest.folder, []).append(manifest)
            continue
        records = won[manifest.unit.unit]
        for batch in manifest.batches(table):
            yield from _own(table, pa.Table.from_batches([batch]), manifest, records).to_batches()
    for members in bundles.values():
        yield from _own_bundle(table, members)


def _own_bundle(table: str, members: list[Manifest]) -> Iterator[pa.RecordBatch]:
    """The rows of a bundle's units, each with its own `_owner` and `_recipe`; a bundle's file is read once."""
    members = sorted((m for m in members if m.rows(table)), key=lambda m: int(m.tables[table]["first"]))
    if not members:
        return
    counts = [m.rows(table) for m in members]
    firsts = np.array([int(m.tables[table]["first"]) for m in members])
    within = np.arange(sum(counts)) - np.repeat(np.cumsum([0, *counts[:-1]]), counts)
    rows = staging.read_bundle(members[0], table).take(pa.array(np.repeat(firsts, counts) + within))
    owners = np.repeat(np.array([m.owner for m in members], np.int64), counts)
    recipes = np.repeat(np.array([m.recipe for m in members], object), counts)
    rows = _set(rows, "_owner", pa.array(owners, pa.int64()))
    rows = _set(rows, "_recipe", pa.array(recipes, pa.string()))
    yield from _without_staging(rows).to_batches()


def _own(table: str, rows: pa.Table, manifest: Manifest, records: Numbers) -> pa.Table:
    """Rows of the winning owners (of these records, ascending) with `_owner` and `_recipe`, without what only staging
    needs."""
    if manifest.ownership == "record":
        wanted = rows["_record"].to_numpy()
        place = np.searchsorted(records, wanted).clip(max=len(records) - 1)
        rows = rows.filter(pa.array(records[place] == wanted))
    else:
        assert manifest.owner is not None
        if manifest.unit.kind == "vcf":
            from tasks.vcf.standardise import finish

            rows = finish(table, rows, manifest.owner, records=manifest.account["fates"]["accepted"])
        rows = _set(rows, "_owner", pa.repeat(pa.scalar(manifest.owner, pa.int64()), rows.num_rows))
    rows = _set(rows, "_recipe", pa.repeat(pa.scalar(manifest.recipe, pa.string()), rows.num_rows))
    return _without_staging(rows)


def _without_staging(rows: pa.Table) -> pa.Table:
    """The rows without the columns that only staging needs."""
    drop = {"_record", "_version", "_digest"}
    return rows.select([n for n in rows.schema.names if n not in drop])


def _set(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    kept = rows.drop_columns([name]) if name in rows.schema.names else rows
    return kept.append_column(name, values)


def publish_ledger(lake: Lake, source: str, merge: SourceMerge, round_no: int) -> Receipt:
    """Write what stands where, once every table of the source is published."""
    columns = [*table_named(LEDGER).schema.names, "_owner", "_recipe"]
    batches = (
        batch
        for frame in merge.ledger()
        for batch in frame.select(columns)
        .to_arrow(compat_level=pl.CompatLevel.oldest())
        .to_batches(max_chunksize=_BATCH_ROWS)
    )
    return lake.replace(
        LEDGER,
        source,
        merge.touched,
        batches,
        publish=lake.next_publication(LEDGER, f"{source}:{LEDGER}", round_no),
    )


def account_source(
    manifests: list[Manifest], merge: Merge | SourceMerge, unread: list[Account], removed_records: int
) -> tuple[Account, dict[str, Account]]:
    """The source's account of this round, and each read unit's own.

    Args:
        unread: accounts of units that are unchanged and were not read: their records are unchanged, but what is
            quarantined stays so.
        removed_records: records that a snapshot holds no more, beyond those counted by the merge.
    """
    total, by_unit = Account(), {}
    for manifest in manifests:
        account = Account.from_json(manifest.account)
        for fates, fate in ((merge.merged, "merged"), (merge.unchanged, "unchanged")):
            for stated, before in _COUNTED_AS.items():
                account.move(fates.get((manifest.unit.unit, stated), 0), before, fate)
        by_unit[manifest.unit.unit] = account
        total.merge(account)
    for account in unread:
        kept = Account(account.read, reasons=Counter(account.reasons), warnings=Counter(account.warnings))
        held = account.fates["quarantined"]
        kept.add("quarantined", held)
        kept.add("unchanged", account.fates.total() - held)
        total.merge(kept)
    total.met(removed_records)  # the round reads their absence
    total.add("removed", removed_records)
    return total, by_unit
