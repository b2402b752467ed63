"""Replacing rows: what differs is found by digest, rewritten file by file, and committed once, exactly once."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from contracts.errors import Fatal, Retriable
from contracts.protocols import Receipt
from stores.lake_digest import KeySums, Summing, hash_rows, is_member
from stores.lake_files import (
    DataFile,
    DataWriter,
    Selection,
    Written,
    arrow_schema,
    find_owners,
    list_files,
    now_ms,
    read_batches,
    remove_written,
)
from stores.lake_rows import OWN
from stores.lake_spool import Spool

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable
    from deltalake.transaction import PostCommitHookProperties

ATTEMPTS = 6
PARTITION = "_bucket"


@dataclass(frozen=True)
class Target:
    """The Delta table that rows go to: its name and folder."""

    name: str
    root: Path

    def open(self) -> DeltaTable:
        """The table at its newest version."""
        from deltalake import DeltaTable

        return DeltaTable(str(self.root))


@dataclass(frozen=True)
class Change:
    """What must be done: rows of the keys `remove` leave the files, the spool's rows of `write` come in."""

    remove: Any
    write: Any
    rows_removed: int
    rows_written: int


def replace_rows(
    target: Target,
    spool: Spool,
    selection: Selection,
    publish: tuple[str, int],
    facts: Mapping[str, str] | None = None,
) -> Receipt:
    """Make the selected rows of a table exactly those in the spool, in one commit or none.

    A lost race starts again from the newest version. A publish id that was committed already gives the receipt of
    that commit, and nothing is written. `facts` are carried by the commit; where no row differs, there is one that
    carries them alone.

    Raises:
        Retriable: other writers won `ATTEMPTS` times.
        Fatal: a column changed its type, or the rows do not add up.
    """
    from deltalake.exceptions import CommitFailedError

    for attempt in range(ATTEMPTS):
        delta = target.open()
        done = find_publication(target, delta, publish)
        if done:
            return done
        files = [file for file in list_files(delta) if selection.covers(file)]
        change = _compare(target, delta, files, spool, selection)
        nothing = not len(change.remove) and not len(change.write)
        if nothing and not facts:
            return Receipt(target.name, delta.version(), False)
        try:
            if nothing:
                said = {"rows_written": "0", "rows_removed": "0", **(facts or {})}
                return Receipt(target.name, commit(delta, [], [], said, publish), False)
            _add_columns(target, delta, spool)
            return _rewrite(target, delta, files, spool, selection, change, publish, facts or {})
        except CommitFailedError:
            time.sleep(random.uniform(0.05, 0.15) * 2**attempt)
    raise Retriable(f"{ATTEMPTS} commits were overtaken by other writers", target.name, "run again")


def find_publication(target: Target, delta: DeltaTable, publish: tuple[str, int]) -> Receipt | None:
    """The receipt of the commit that carried this publish id (or a later one of the same application)."""
    app, number = publish
    last = delta.transaction_version(app)
    if last is None or last < number:
        return None
    for commit in delta.history():
        if commit.get("publish") == f"{app}:{number}":
            written, removed = int(commit["rows_written"]), int(commit["rows_removed"])
            return Receipt(target.name, commit["version"], bool(written or removed), written, removed)
    return Receipt(target.name, delta.version(), False)


def _compare(
    target: Target, delta: DeltaTable, files: list[DataFile], spool: Spool, selection: Selection
) -> Change:
    """Compare stored and new rows, key by key. Only keys that have both are read in full."""
    schema = arrow_schema(delta)
    stored_keys = _stored_keys(target.root, files, selection)
    gone = stored_keys[~is_member(stored_keys, spool.counts.keys)]
    fresh = spool.counts.keys[~is_member(spool.counts.keys, stored_keys)]
    both = stored_keys[is_member(stored_keys, spool.counts.keys)]
    stored = _sums(target.root, schema, files, Selection(selection.source, selection.key, both))
    differing = stored.differing(spool.sums(both)) if len(both) else both
    own = pa.schema([field for field in schema if field.name in OWN])
    removed = _sums(target.root, own, files, Selection(selection.source, selection.key, gone))
    write = np.sort(np.concatenate([fresh, differing]))
    rows_removed = removed.counts.sum() + stored.counts[is_member(stored.keys, differing)].sum()
    rows_written = spool.counts.counts[is_member(spool.counts.keys, write)].sum()
    return Change(np.sort(np.concatenate([gone, differing])), write, int(rows_removed), int(rows_written))


def _stored_keys(root: Path, files: list[DataFile], selection: Selection) -> Any:
    """The selection's keys that have rows, sorted."""
    if selection.key == PARTITION:
        return np.array(sorted({file.bucket for file in files}), dtype=np.int64)
    return find_owners(root, files, selection)


def _sums(root: Path, schema: pa.Schema, files: list[DataFile], selection: Selection) -> KeySums:
    """Digests (over the columns of `schema`) and counts of the selected rows by key."""
    summing = Summing()
    for file in files:
        if len(selection.keys) and selection.covers(file):
            for batch in read_batches(root, file, schema, selection):
                summing.add(np.asarray(batch.column(selection.key)).astype(np.int64), hash_rows(batch))
    return summing.total()


def _add_columns(target: Target, delta: DeltaTable, spool: Spool) -> None:
    """Give the table the columns that new rows bring, in a commit of its own: without rows it does no harm alone."""
    from deltalake import Schema

    stored = arrow_schema(delta)
    missing = []
    for field in spool.further:
        if field.name not in stored.names:
            missing.append(field)
        elif not _same_type(stored.field(field.name).type, field.type):
            place = f"{target.name}.{field.name}"
            raise Fatal(f"the column is {stored.field(field.name).type} in the lake, not {field.type}", place)
    if missing:
        delta.alter.add_columns(
            Schema.from_arrow(pa.schema(missing)).fields,
            commit_properties=_properties({}, None),
            post_commithook_properties=after_commit(),
        )
        delta.update_incremental()


def _same_type(one: pa.DataType, other: pa.DataType) -> bool:
    """Equality of types, whatever the names and nullability of list elements."""
    if pa.types.is_list(one) and pa.types.is_list(other):
        return _same_type(one.value_type, other.value_type)
    return bool(one == other)


def _rewrite(
    target: Target,
    delta: DeltaTable,
    files: list[DataFile],
    spool: Spool,
    selection: Selection,
    change: Change,
    publish: tuple[str, int],
    facts: Mapping[str, str],
) -> Receipt:
    """Write the new files, then commit them in place of the old ones."""
    gone = Selection(selection.source, selection.key, change.remove)
    touched = [file for file in files if _holds(target.root, file, gone)]
    schema = arrow_schema(delta)
    written: list[Written] = []
    try:
        for bucket in sorted({*spool.buckets(), *(file.bucket for file in touched)}):
            old = [file for file in touched if file.bucket == bucket]
            rows = _bucket_rows(target.root, old, schema, gone, spool.read(bucket, change.write, schema))
            written += write_bucket(target.root, bucket, schema, rows)
        balance = sum(f.rows for f in written) - sum(f.rows for f in touched)
        if balance != change.rows_written - change.rows_removed:
            raise Fatal("the rows kept, written and removed do not add up", target.name)
    except BaseException:
        remove_written(target.root, written)
        raise
    # An error from here on may come after the commit has landed: the files stay, vacuum clears what no commit names.
    counts = {"rows_written": str(change.rows_written), "rows_removed": str(change.rows_removed)}
    version = commit(delta, written, touched, {**facts, **counts}, publish)
    return Receipt(target.name, version, True, change.rows_written, change.rows_removed)


def _holds(root: Path, file: DataFile, selection: Selection) -> bool:
    """Whether the file holds any selected row."""
    if not len(selection.keys) or not selection.covers(file):
        return False
    if selection.key == PARTITION:
        return True
    return len(find_owners(root, [file], selection)) > 0


def _bucket_rows(
    root: Path, old: list[DataFile], schema: pa.Schema, gone: Selection, new: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """A bucket's surviving rows, then its new ones."""
    for file in old:
        yield from read_batches(root, file, schema, gone, invert=True)
    yield from new


def write_bucket(root: Path, bucket: int, schema: pa.Schema, rows: Iterator[pa.RecordBatch]) -> list[Written]:
    """Write a bucket's rows to new files."""
    writer = DataWriter(root, bucket, schema)
    try:
        for batch in rows:
            writer.write(batch)
        return writer.close()
    except BaseException:
        writer.abandon()
        raise


def commit(
    delta: DeltaTable,
    written: list[Written],
    removed: list[DataFile],
    facts: dict[str, str],
    publish: tuple[str, int] | None,
    data_change: bool = True,
) -> int:
    """Commit new files in place of old ones, on top of exactly the version that `delta` holds; returns the new one.

    Raises:
        CommitFailedError: another writer committed since `delta` was read.
    """
    from deltalake.transaction import AddAction, RemoveAction

    now = now_ms()
    actions: list[AddAction | RemoveAction] = [
        AddAction(f.path, f.size, {PARTITION: str(f.bucket)}, now, data_change, f.stats) for f in written
    ]
    actions += [RemoveAction(f.path, data_change, now, f.size, {PARTITION: str(f.bucket)}) for f in removed]
    before = delta.version()
    delta.create_write_transaction(
        actions,
        "append",
        delta.schema(),
        [PARTITION],
        commit_properties=_properties(facts, publish),
        post_commithook_properties=after_commit(),
    )
    return before + 1


def _properties(facts: dict[str, str], publish: tuple[str, int] | None) -> CommitProperties:
    from deltalake import CommitProperties, Transaction

    if publish is None:
        return CommitProperties(custom_metadata=facts, max_commit_retries=0)
    app, number = publish
    facts = {**facts, "publish": f"{app}:{number}"}
    return CommitProperties(facts, max_commit_retries=0, app_transactions=[Transaction(app, number)])


def after_commit() -> PostCommitHookProperties:
    """Checkpoints as they fall due; no clean-up of the log, which would lose the versions that releases pin."""
    from deltalake.transaction import PostCommitHookProperties

    return PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
