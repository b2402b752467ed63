"""Repair what a cut-off publication left: rows in the lake of owners that the ledger does not know.

Tables are committed one by one and the ledger last. Between them a round may be killed, or a table blocked; if the
export then changes, nobody would remember the rows already committed. So a source's publication is marked open before
its first commit, and while the mark stands, the next round looks for owners that only the tables know.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from contracts.schemas import LAKE
from flows.rounds import Round
from tasks.merging_sources import SourceMerge
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


def with_orphans(current: Round, name: str, merge: SourceMerge) -> SourceMerge:
    """The merge, with the owners that only the source's tables know: they lose their rows unless staged anew."""
    if not current.catalog.checkpoint(_PREFIX + name):
        return merge
    tables = [t for t in current.lake.tables() if t in LAKE and not LAKE[t].derived and t != LEDGER]
    found = [current.lake.owners(table, name).to_numpy() for table in tables]
    ledger = current.lake.read(LEDGER, columns=["_owner"], where=pl.col("_source") == name)
    known = np.union1d(ledger["_owner"].to_numpy(), merge.touched)
    orphans = np.setdiff1d(np.concatenate(found), known) if found else known[:0]
    if not len(orphans):
        return merge
    return replace(
        merge, touched=np.union1d(merge.touched, orphans), rewritten=np.union1d(merge.rewritten, orphans)
    )
