"""A MEDS data set on disk: shards, metadata, and what tells which of them are up to date.

`data/<split>/<bucket>-<part>.parquet` and `metadata/` are the standard's; `.nightrounds/` holds a file for each bucket
that says from what its shards were made. Files are replaced whole, and left alone where they would be the same.
`metadata/dataset.json` goes before the first change and comes back after the last: without it the set is not whole.
"""

from __future__ import annotations

import fcntl
import filecmp
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import Fatal, Retriable
from stores.files import FILE_MODE, make_folder, sync_folder, write_json

FORMAT = 1
_STATE = ".nightrounds"
_DATASET = "metadata/dataset.json"
METADATA = (_DATASET, "metadata/codes.parquet", "metadata/subject_splits.parquet")
"""As the standard names them."""
_SUMMARIES = ("subjects", "codes")
ROW_GROUP_ROWS = 32_768
"""Rows of a shard that are in memory at a time, while they are written."""


@dataclass(frozen=True)
class BucketState:
    """What is known of a bucket's shards.

    Attributes:
        made_from: digest of what they were made from.
        shards: size in bytes by shard (`train/3-0`).
        events: how many rows they hold.
        subjects: how many persons.
    """

    made_from: str
    shards: Mapping[str, int]
    events: int
    subjects: int


@dataclass
class Changes:
    """What an export did: shards written anew, left as they were, and removed."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.written or self.removed or self.metadata)


class MedsStore:
    """The data set in one folder, of one home.

    Args:
        root: the folder.
        owner: digest that tells the home apart.
    """

    def __init__(self, root: Path, owner: str) -> None:
        self.root = Path(root).absolute()
        self._state = self.root / _STATE
        self._owner = owner
        self.changes = Changes()

    def exists(self) -> bool:
        """Whether an export was begun in this folder."""
        return (self._state / "export.json").is_file()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """For the block, nobody else writes here.

        Raises:
            Fatal: the folder holds something else, or the export of another home.
            Retriable: another export is at work here.
        """
        self._check()
        make_folder(self._state)
        handle = os.open(self._state / "lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Retriable("another export is at work here", "meds", "wait for it") from None
            self._check()
            if not self.exists():
                self.note_export({})
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.changes = Changes()
            yield
        finally:
            shutil.rmtree(self.scratch, ignore_errors=True)
            os.close(handle)

    def _check(self) -> None:
        if self.exists():
            if self.export().get("owner") != self._owner or self.export().get("format") != FORMAT:
                raise Fatal("the folder holds the export of another home", "meds", "choose another folder")
        elif self.root.is_dir() and any(p.name != _STATE for p in self.root.iterdir()):
            raise Fatal("the folder is not empty", "meds", "an empty or new folder, or an earlier export")

    @property
    def scratch(self) -> Path:
        """A folder for what is not whole yet; gone after `writing`."""
        return self._state / "new"

    # What is known

    def export(self) -> dict[str, Any]:
        """What the last export that ended noted; empty values where none did."""
        found = _read_json(self._state / "export.json")
        return found if isinstance(found, dict) else {}

    def note_export(self, values: Mapping[str, Any]) -> None:
        """Note what the whole data set was made from."""
        noted = {"format": FORMAT, "owner": self._owner, **values}
        if noted != self.export():
            write_json(self._state / "export.json", noted)

    def bucket(self, bucket: int) -> BucketState | None:
        """What is known of a bucket; None where it has to be made, as when a shard is missing or of another size."""
        found = _read_json(self._state / f"{bucket}.json")
        try:
            state = BucketState(**found)
            whole = all(self._shard(name).stat().st_size == size for name, size in state.shards.items())
        except (TypeError, FileNotFoundError):
            return None
        return state if whole else None

    def is_whole(self, buckets: int) -> bool:
        """Whether all shards and metadata are there."""
        return all((self.root / name).is_file() for name in METADATA) and all(
            map(self.bucket, range(buckets))
        )

    def summaries(self, bucket: int) -> tuple[pa.Table, pa.Table]:
        """The subjects and the codes of a bucket, as they were given to `keep`."""
        subjects, codes = (pq.read_table(self._state / f"{bucket}-{what}.parquet") for what in _SUMMARIES)
        return subjects, codes

    # Shards

    def write_bucket(
        self, bucket: int, batches: Iterable[tuple[str, pa.RecordBatch]], schema: pa.Schema
    ) -> tuple[dict[str, int], int]:
        """Make the bucket's shards hold exactly these rows; returns sizes by shard, and the number of rows.

        Args:
            bucket: its number.
            batches: rows with the shard that they belong to; rows of one shard follow each other.
            schema: the columns of a shard.
        """
        (self._state / f"{bucket}.json").unlink(missing_ok=True)
        sizes: dict[str, int] = {}
        rows = 0
        for name, found in groupby(batches, key=itemgetter(0)):
            path, written = self._write((batch for _, batch in found), schema)
            rows += written
            sizes[name] = path.stat().st_size
            same = self._put(path, self._shard(name))
            (self.changes.kept if same else self.changes.written).append(name)
        for name in self._shards_of(bucket):
            if name not in sizes:
                self._begin_change()
                self._shard(name).unlink()
                self.changes.removed.append(name)
        return sizes, rows

    def _write(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> tuple[Path, int]:
        """Write rows to a file that is not yet in its place; returns it and how many they are."""
        writer = _ShardWriter(make_folder(self.scratch) / "new.parquet", schema)
        rows = 0
        try:
            for batch in batches:
                writer.write(batch)
                rows += batch.num_rows
            writer.flush()
        finally:
            writer.close()
        return writer.path, rows

    def keep(self, bucket: int, state: BucketState, subjects: pa.Table, codes: pa.Table) -> None:
        """Note that a bucket is up to date, with its summaries."""
        for what, table in zip(_SUMMARIES, (subjects, codes), strict=True):
            path, _ = self._write(table.to_batches(), table.schema)
            self._replace(path, self._state / f"{bucket}-{what}.parquet")
        values = {"made_from": state.made_from, "shards": dict(state.shards)}
        write_json(
            self._state / f"{bucket}.json", {**values, "events": state.events, "subjects": state.subjects}
        )

    def remove_buckets(self, fewest: int) -> None:
        """Remove what is left of buckets that the lake no longer has."""
        for path in self._state.glob("*.json"):
            if path.stem.isdigit() and int(path.stem) >= fewest:
                self.write_bucket(int(path.stem), (), pa.schema([]))
                for what in _SUMMARIES:
                    (self._state / f"{path.stem}-{what}.parquet").unlink(missing_ok=True)

    def _shards_of(self, bucket: int) -> list[str]:
        paths = (self.root / "data").glob(f"*/{bucket}-*.parquet")
        return sorted(f"{path.parent.name}/{path.stem}" for path in paths)

    def _shard(self, name: str) -> Path:
        return self.root / "data" / f"{name}.parquet"

    # Metadata

    def write_table(self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Make `name` (`metadata/codes.parquet`) hold these rows; the same file is left alone."""
        path, _ = self._write(batches, schema)
        if not self._put(path, self.root / name):
            self.changes.metadata.append(name)

    def finish(self, dataset: Mapping[str, Any], made_from: Mapping[str, Any]) -> None:
        """Say that the data set is whole: write `metadata/dataset.json`, and note what it was made from."""
        if self.changes:
            for folder in (self._state, *(self.root / "data").glob("*")):
                sync_folder(folder)
        if _read_json(self.root / _DATASET) != dataset:
            write_json(self.root / _DATASET, dataset)
            self.changes.metadata.append(_DATASET)
        self.note_export(made_from)

    # Files

    def _begin_change(self) -> None:
        (self.root / _DATASET).unlink(missing_ok=True)

    def _put(self, new: Path, path: Path) -> bool:
        """Move a new file to its place, unless the file there is the same; returns whether it is."""
        if path.is_file() and filecmp.cmp(new, path, shallow=False):
            new.unlink()
            return True
        self._begin_change()
        self._replace(new, path)
        return False

    def _replace(self, new: Path, path: Path) -> None:
        os.chmod(new, FILE_MODE)
        with open(new, "rb") as handle:
            os.fsync(handle.fileno())
        make_folder(path.parent)
        new.replace(path)


class _ShardWriter:
    """Writes rows to one Parquet file, a row group in memory. The same rows give the same bytes, however batched."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", write_page_index=False)
        self._schema = schema
        self._pending: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        while batch.num_rows:
            taken = batch.slice(0, ROW_GROUP_ROWS - self._rows)
            self._pending.append(taken)
            self._rows += taken.num_rows
            if self._rows == ROW_GROUP_ROWS:
                self.flush()
            batch = batch.slice(taken.num_rows)

    def flush(self) -> None:
        """Write what is pending."""
        if self._pending:
            table = pa.Table.from_batches(self._pending, schema=self._schema).combine_chunks()
            self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            self._pending, self._rows = [], 0

    def close(self) -> None:
        """Close the file, whole or not."""
        self._writer.close()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
