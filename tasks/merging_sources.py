"""Newest wins over a whole source, a slice of its records at a time, so that memory does not grow with the source.

What `tasks.merging` judges of one record asks nothing of any other, so records are judged in slices. But where
statements are made within documents (C-CDA), a statement stands or falls with its document, which lies in any slice:
those sources are judged at once.

A version is opened only where one record has several; where all are sealed alike, or there is one, no order is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.accounting import Account
from contracts.errors import Fatal
from contracts.keys import Key
from stores.staging import Manifest
from tasks.merging import (
    LEDGER_COLUMNS,
    WITHIN,
    Merge,
    empty_ledger,
    merge_found,
    no_presences,
    presence_frames,
)
from tasks.slices import Slices, load, slices_for
from tasks.versions import open_versions, seal_versions

Numbers = npt.NDArray[np.int64]
_OF_DOCUMENTS = frozenset({"ccda"})
"""Kinds of which a statement's version names the document that it is made within."""


@dataclass(frozen=True)
class SourceMerge:
    """The outcome for one source and round; what the fields mean is told in `tasks.merging.Merge`.

    Attributes:
        touched, rewritten, removed: owners, ascending.
        winners: by staged unit, the records that owners' rows come from, ascending.
        merged, unchanged: records by (unit, fate before).
        dirty: units to read next.
        ceded: by another source, owners, ascending.
    """

    touched: Numbers
    rewritten: Numbers
    removed: Numbers
    winners: Mapping[str, Numbers]
    merged: Mapping[tuple[str, str], int]
    unchanged: Mapping[tuple[str, str], int]
    dirty: Sequence[str]
    ceded: Mapping[str, Numbers]
    _ledgers: Sequence[Path | pl.DataFrame] = ()

    def ledger(self) -> Iterator[pl.DataFrame]:
        """The ledger's rows of the touched owners after this round, a slice at a time, versions sealed."""
        return map(load, self._ledgers)


def slices_of(folder: Path, kind: str, manifests: Sequence[Manifest], ledger_rows: int) -> Slices:
    """The slices to judge a source in: what is staged and what the ledger holds decides how many."""
    staged = sum(Account.from_json(m.account).fates.total() for m in manifests)
    return Slices(folder, 1 if kind in _OF_DOCUMENTS else slices_for(staged + ledger_rows))


def merge_source(
    kind: str,
    manifests: Sequence[Manifest],
    ledger: Iterable[pl.DataFrame],
    gone: Sequence[str],
    slices: Slices,
    key: Key,
    *,
    incremental: bool = False,
    others: Iterable[pl.DataFrame] = (),
) -> SourceMerge:
    """Judge the records of a source's staged units against each other and against the ledger.

    Args:
        kind: the source's.
        manifests: the source's staged units.
        ledger: the source's rows of `records.ledger`, with `_owner` and `_recipe`, versions sealed.
        gone: units of a snapshot source that are there no more.
        slices: opened, and open while the outcome is used.
        key: opens and seals versions.
        incremental: see `tasks.merging.merge_presences`.
        others: the ledger's rows of other sources that may state the same records, versions sealed.

    Raises:
        Fatal: a version is not this key's.
    """
    staged = slices.divide("staged", (frame for one in manifests for frame in presence_frames(one)))
    before = slices.divide("ledger", (frame.select(LEDGER_COLUMNS) for frame in ledger))
    beside = slices.divide("others", (frame.select(LEDGER_COLUMNS) for frame in others))
    of_documents = kind in _OF_DOCUMENTS
    judge = partial(
        _judge, manifests=manifests, gone=gone, key=key, incremental=incremental, of_documents=of_documents
    )
    joined = _Joined()
    for number in range(slices.count):
        found = judge(staged.read(number), before.read(number), beside.read(number))
        joined.take(found, slices.kept("after", number, found.ledger))
    return joined.whole()


def whole(merge: Merge) -> SourceMerge:
    """A merge of one slice as that of the source."""
    joined = _Joined()
    joined.take(merge, merge.ledger)
    return joined.whole()


def _judge(
    staged: pl.DataFrame | None,
    ledger: pl.DataFrame | None,
    others: pl.DataFrame | None,
    *,
    manifests: Sequence[Manifest],
    gone: Sequence[str],
    key: Key,
    incremental: bool,
    of_documents: bool,
) -> Merge:
    """One slice: its contested versions opened, judged, and sealed again."""
    staged = no_presences() if staged is None else staged
    ledger = empty_ledger() if ledger is None else ledger
    others = empty_ledger() if others is None else _of_owners(others, staged, ledger)
    several = None if of_documents else _contested(staged, ledger, others)
    opened = partial(_open, owners=several, key=key)
    found = merge_found(
        opened(staged), opened(ledger), opened(others), manifests, gone, incremental=incremental
    )
    return Merge(**{**vars(found), "ledger": _seal(found.ledger, several, key)})


def _of_owners(others: pl.DataFrame, *frames: pl.DataFrame) -> pl.DataFrame:
    """What others state of these frames' records; of a source of documents beside this one, nothing is looked at."""
    owners = pl.concat([frame["_owner"] for frame in frames]).unique()
    return others.filter(pl.col("_owner").is_in(owners.implode()))


def _contested(*frames: pl.DataFrame) -> pl.Series:
    """Owners of which more than one version is stated."""
    stated = pl.concat([frame.select("_owner", "version") for frame in frames])
    return stated.group_by("_owner").agg(n=pl.col("version").n_unique()).filter(pl.col("n") > 1)["_owner"]


def _open(frame: pl.DataFrame, owners: pl.Series | None, key: Key) -> pl.DataFrame:
    """The frame with the versions of these owners opened, or all; the order of rows may change."""
    if owners is None:
        return open_versions(frame, key)
    several = pl.col("_owner").is_in(owners.implode())
    opened = open_versions(frame.filter(several), key)
    if opened["version"].str.contains(WITHIN, literal=True).any():
        raise Fatal("a statement is made within a document, in a source of no documents", "records.ledger")
    return pl.concat([opened, frame.filter(~several)])


def _seal(ledger: pl.DataFrame, owners: pl.Series | None, key: Key) -> pl.DataFrame:
    if owners is None:
        return seal_versions(ledger, key)
    several = pl.col("_owner").is_in(owners.implode())
    return pl.concat([seal_versions(ledger.filter(several), key), ledger.filter(~several)])


class _Joined:
    """The outcomes of slices, gathered."""

    def __init__(self) -> None:
        self._lists: dict[str, list[Numbers]] = {"touched": [], "rewritten": [], "removed": []}
        self._winners: dict[str, list[Numbers]] = {}
        self._ceded: dict[str, list[Numbers]] = {}
        self._counts: tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]] = (Counter(), Counter())
        self._dirty: set[str] = set()
        self._ledgers: list[Path | pl.DataFrame] = []

    def take(self, merge: Merge, ledger: Path | pl.DataFrame) -> None:
        for name, parts in self._lists.items():
            parts.append(np.asarray(getattr(merge, name), np.int64))
        for (unit,), rows in merge.winners.group_by("unit"):
            self._winners.setdefault(str(unit), []).append(rows["_record"].drop_nulls().to_numpy())
        for source, owners in merge.ceded.items():
            self._ceded.setdefault(source, []).append(np.asarray(owners, np.int64))
        self._counts[0].update(merge.merged)
        self._counts[1].update(merge.unchanged)
        self._dirty.update(merge.dirty)
        self._ledgers.append(ledger)

    def whole(self) -> SourceMerge:
        lists = {name: _ascending(parts) for name, parts in self._lists.items()}
        return SourceMerge(
            **lists,
            winners={unit: _ascending(parts) for unit, parts in self._winners.items()},
            merged=self._counts[0],
            unchanged=self._counts[1],
            dirty=sorted(self._dirty),
            ceded={source: _ascending(parts) for source, parts in sorted(self._ceded.items())},
            _ledgers=self._ledgers,
        )


def _ascending(parts: Sequence[Numbers]) -> Numbers:
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)
