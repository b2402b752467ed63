"""Upkeep of one Delta table: compaction, vacuum, erasure of history.

Written on our own data files where Delta's commands add versions to the log (vacuum adds two even when it finds
nothing), mix sources in one file (optimize), or miss files under unusual paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from contracts.errors import Fatal, Retriable
from contracts.protocols import Receipt
from stores.files import sync_folder
from stores.lake_commits import COMPACTED
from stores.lake_files import DataFile, arrow_schema, list_files, read_batches, remove_written
from stores.lake_replace import PARTITION, Target, commit, write_bucket

if TYPE_CHECKING:
    from deltalake import DeltaTable

SMALL_BYTES = 32 * 2**20
FEWEST = 4


def compact_files(target: Target, small_bytes: int = SMALL_BYTES, fewest: int = FEWEST) -> Receipt:
    """Join small files, bucket by bucket and source by source, where at least `fewest` lie together.

    The rows stay the same; the version moves by one, or not at all when there is nothing to join.

    Raises:
        Retriable: another writer committed meanwhile.
    """
    from deltalake.exceptions import CommitFailedError

    delta = target.open()
    groups = _small_groups(list_files(delta), small_bytes, fewest)
    if not groups:
        return Receipt(target.name, delta.version(), False)
    schema = arrow_schema(delta)
    written = []
    try:
        for group in groups:
            written += write_bucket(
                target.root, group[0].bucket, schema, _all_rows(target.root, group, schema)
            )
    except BaseException:
        remove_written(target.root, written)
        raise
    joined = [file for group in groups for file in group]
    if sum(f.rows for f in written) != sum(f.rows for f in joined):
        remove_written(target.root, written)
        raise Fatal("the compacted rows do not add up", target.name)
    try:
        version = commit(delta, written, joined, {COMPACTED: str(len(joined))}, None, data_change=False)
    except CommitFailedError:
        raise Retriable("another writer committed meanwhile", target.name, "run again") from None
    return Receipt(target.name, version, True)


def _small_groups(files: list[DataFile], small_bytes: int, fewest: int) -> list[list[DataFile]]:
    def place(file: DataFile) -> tuple[int, str]:
        return file.bucket, file.sources[0] if file.sources else ""

    small = [f for f in files if f.size < small_bytes and f.sources and f.sources[0] == f.sources[1]]
    groups = [list(group) for _, group in groupby(sorted(small, key=place), key=place)]
    return [group for group in groups if len(group) >= fewest]


def _all_rows(root: Path, files: Iterable[DataFile], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for file in files:
        yield from read_batches(root, file, schema)


def vacuum_files(target: Target, keep_versions: Sequence[int]) -> int:
    """Remove data files that neither the newest nor a kept version names, also those that no commit ever named.

    Only the one who holds the home's writer lease may call it. Adds no version. Returns how many files went.

    Raises:
        Fatal: a version to keep is not there any more.
    """
    live: set[str] = set()
    for delta in (target.open(), *(open_version(target, version) for version in sorted(set(keep_versions)))):
        live.update(file.path for file in list_files(delta))
    removed = 0
    for path in target.root.glob(f"{PARTITION}=*/*.parquet"):
        if path.relative_to(target.root).as_posix() not in live:
            path.unlink()
            removed += 1
    return removed


def open_version(target: Target, version: int) -> DeltaTable:
    """The table as of one version.

    Raises:
        Fatal: there is no such version (any more).
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        return DeltaTable(str(target.root), version=version)
    except DeltaError:
        raise Fatal(
            f"version {version} is not in the lake", target.name, "a version not yet erased"
        ) from None


def erase_log(target: Target) -> int:
    """Make the newest version the only one: older data files and every older log entry go, with their statistics.

    Returns how many files went. Versions that releases pin are lost too: that is what erasing means.
    """
    removed = vacuum_files(target, [])
    delta = target.open()
    log = target.root / "_delta_log"
    delta.create_checkpoint()
    newest = delta.version()
    for path in log.iterdir():
        number = path.name.split(".")[0]
        if number.isdigit() and int(number) < newest:
            path.unlink()
            removed += 1
    sync_folder(log)
    target.open()
    return removed
