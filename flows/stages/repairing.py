"""Repair what a cut-off publication left: rows in the lake of owners that the ledger does not know.

Tables are committed one by one and the ledger last. Between them a round may be killed, or a table blocked; if the
export then changes, nobody would remember the rows already committed. So a source's publication is marked open before
its first commit, and while the mark stands, the next round looks for owners that only the tables know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from contracts.schemas import LAKE
from flows.rounds import Round
from stores.staging import Manifest
from tasks.merging import LEDGER_COLUMNS, Merge
from tasks.publishing import LEDGER

OPEN, INCOMPLETE = "open", "incomplete"
_PREFIX = "publication:"


def open_publication(current: Round, name: str) -> None:
    """Note that this source's tables are being committed."""
    current.catalog.set_checkpoint(_PREFIX + name, OPEN)


def close_publication(current: Round, name: str, *, complete: bool) -> None:
    """Note that the source's tables and ledger agree, or that a blocked table keeps them apart."""
    if not complete:
        current.catalog.set_checkpoint(_PREFIX + name, INCOMPLETE)
    elif current.catalog.checkpoint(_PREFIX + name):
        current.catalog.set_checkpoint(_PREFIX + name, "")


def cut_off_sources(current: Round) -> list[str]:
    """Sources whose publication was cut off and not gone on with: what the lake holds of them is half a night."""
    names = {row.source for row in current.catalog.units().values()}
    return sorted(name for name in names if current.catalog.checkpoint(_PREFIX + name) == OPEN)


def with_orphans(current: Round, name: str, merge: Merge, manifests: Sequence[Manifest]) -> Merge:
    """The merge, with the owners that only the source's tables know: they lose their rows unless staged anew."""
    if not current.catalog.checkpoint(_PREFIX + name):
        return merge
    tables = [t for t in current.lake.tables() if t in LAKE and not LAKE[t].derived and t != LEDGER]
    found = [current.lake.owners(table, name).to_pylist() for table in tables]
    ledger = current.lake.read(LEDGER, columns=LEDGER_COLUMNS, where=pl.col("_source") == name)
    known = set(ledger["_owner"].to_pylist()) | set(merge.touched)
    orphans = sorted({owner for owners in found for owner in owners} - known)
    if not orphans:
        return merge
    return replace(
        merge, touched=sorted({*merge.touched, *orphans}), rewritten=sorted({*merge.rewritten, *orphans})
    )
