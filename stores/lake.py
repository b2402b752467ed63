"""The lake: Delta tables that hold what was accepted, each row under its source and owner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

from contracts.errors import Fatal
from contracts.protocols import Receipt
from contracts.schemas import LAKE, table_named
from stores.files import file_name
from stores.lake_commits import content_version, last_fact
from stores.lake_digest import digest_rows, distinct
from stores.lake_files import Selection, arrow_schema, find_owners, list_files, read_batches
from stores.lake_owner import Numbering, OwnerRows
from stores.lake_replace import PARTITION, Target, after_commit, find_publication, replace_rows
from stores.lake_rows import DERIVED_SOURCE, Fitting
from stores.lake_spool import Spool, sweep_spools
from stores.lake_sql import connect_views
from stores.lake_upkeep import compact_files, erase_log, open_version, vacuum_files

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    from deltalake import DeltaTable

Rows: TypeAlias = Iterable[pa.RecordBatch]
"""Batches, or a `RecordBatchReader`; gone through once."""

_CONFIGURATION = {
    "delta.dataSkippingStatsColumns": "_source,_owner",
    "delta.logRetentionDuration": "interval 0 days",
    "delta.enableExpiredLogCleanup": "false",
}
_PUBLISHER = re.compile(r"[A-Za-z0-9._/:-]{1,200}")


class Lake:
    """All tables under one folder. Writing needs the home's writer lease; reading needs nothing.

    Args:
        root: the lake's folder.
        buckets: how many person buckets partition a table; fixed for the life of a lake.
    """

    def __init__(self, root: Path, buckets: int = 8) -> None:
        if buckets < 1:
            raise Fatal(f"{buckets} buckets", "lake", "1 or more")
        self.root = Path(root).absolute()
        self.buckets = buckets

    # Writing

    def replace(
        self,
        table: str,
        source: str,
        owners: Sequence[int],
        rows: Rows,
        *,
        publish: tuple[str, int],
        whole_source: bool = False,
        facts: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Within `source`, the owners' rows become exactly `rows`.

        Owners whose rows are stored already with the same values are left alone (a new recipe alone is no change);
        when all are, nothing is written. Else there is one commit, preceded by one without rows when the rows bring
        new columns to an open table.

        Args:
            table: `schema.table`.
            source: the source's name.
            owners: all whose rows are meant; one without any in `rows` loses what it has. int64.
            rows: batches in the table's schema with `_owner` and `_recipe`; streamed, in bounded memory.
            publish: (application, number): committed once, however often it is tried. The same id again returns the
                first receipt.
            whole_source: the source's rows become exactly `rows`, whoever owned them.
            facts: kept with the commit, one without rows where no row differs; `last_fact` tells them.

        Raises:
            Fatal: rows that do not fit the table, or of an owner not named.
            Retriable: other writers kept committing.
        """
        keys = None if whole_source else distinct(np.asarray(owners, dtype=np.int64))
        fitting = Fitting(table_named(table), file_name(source, "source"), self.buckets)
        return self._replace(fitting, Selection(source, "_owner", keys), rows, publish, facts)

    def next_publication(self, table: str, application: str, number: int) -> tuple[str, int]:
        """A publish id for `replace`: `number`, or one above the last that this application committed to the table.

        The lake outlives the catalog that numbers rounds: with a lost or restored catalog a number could come twice,
        and the commit would be taken for done.
        """
        delta = self._open(table)
        last = None if delta is None else delta.transaction_version(application)
        return application, number if last is None else max(number, last + 1)

    def replace_buckets(
        self,
        table: str,
        buckets: Sequence[int],
        rows: Rows,
        publish: tuple[str, int],
        source: str = DERIVED_SOURCE,
        facts: Mapping[str, str] | None = None,
    ) -> Receipt:
        """The rows of these buckets become exactly `rows`: how derived tables are written. Equal buckets stay.

        Rows without `_owner` and `_recipe` get 0 and "". `facts` are kept with the commit, one without rows where no
        row differs (of a table without rows too); `last_fact` tells them. Errors are those of `replace`.
        """
        keys = distinct(np.asarray(buckets, dtype=np.int64))
        if len(keys) and (keys[0] < 0 or keys[-1] >= self.buckets):
            raise Fatal("no such bucket", table, f"0 to {self.buckets - 1}")
        fitting = Fitting(table_named(table), file_name(source, "source"), self.buckets, derived=True)
        return self._replace(fitting, Selection(None, PARTITION, keys), rows, publish, facts)

    def _replace(
        self,
        fitting: Fitting,
        selection: Selection,
        rows: Rows,
        publish: tuple[str, int],
        facts: Mapping[str, str] | None = None,
    ) -> Receipt:
        if not _PUBLISHER.fullmatch(publish[0]):
            raise Fatal("the application of a publish id has odd characters", fitting.table.name)
        sweep_spools(self.root)
        target = self._target(fitting.table.name)
        delta = self._open(fitting.table.name)
        done = find_publication(target, delta, publish) if delta else None
        if done:
            return done
        with Spool(self.root, fitting, selection) as spool:
            spool.fill(rows)
            if delta is None:
                if not len(spool.counts.keys) and not facts:
                    return Receipt(fitting.table.name, -1, False)
                self.ensure(fitting.table.name)
            return replace_rows(target, spool, selection, publish, facts)

    def ensure(self, table: str) -> int:
        """Make the table, empty, where it is missing; returns its version."""
        from deltalake import DeltaTable

        known = self.version(table)
        if known is not None:
            return known
        root = self._target(table).root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        DeltaTable.create(
            str(root),
            schema=table_named(table).own_schema,
            mode="ignore",
            partition_by=[PARTITION],
            configuration=_CONFIGURATION,
            post_commithook_properties=after_commit(),
        )
        return self.version(table) or 0

    # Reading

    def tables(self) -> list[str]:
        """The names of the tables that exist, sorted."""
        return sorted(f"{p.parent.parent.name}.{p.parent.name}" for p in self.root.glob("*/*/_delta_log"))

    def version(self, table: str) -> int | None:
        """The table's newest version; None where it does not exist."""
        delta = self._open(table)
        return None if delta is None else delta.version()

    def versions(self) -> dict[str, int]:
        """The newest version of each table."""
        return {name: self._target(name).open().version() for name in self.tables()}

    def content_version(self, table: str) -> str | None:
        """Tells contents of the table apart: compaction leaves it as it is. None where the table does not exist."""
        delta = self._open(table)
        return None if delta is None else content_version(delta)

    def last_fact(self, table: str, name: str) -> str | None:
        """What the table's last commit says of itself under `name`; None where it says nothing."""
        delta = self._open(table)
        return None if delta is None else last_fact(delta, name)

    def rows(self, table: str, version: int | None = None) -> int:
        """How many rows the table holds, from its log alone."""
        delta = self._open(table, version)
        return 0 if delta is None else sum(file.rows for file in list_files(delta))

    def files(self, table: str) -> int:
        """How many data files the table's newest version consists of."""
        delta = self._open(table)
        return 0 if delta is None else len(list_files(delta))

    def schema(self, table: str, version: int | None = None) -> pa.Schema:
        """The table's columns, own and further ones included; the declared ones where it does not exist."""
        delta = self._open(table, version)
        return table_named(table).own_schema if delta is None else arrow_schema(delta)

    def batches(
        self, table: str, version: int | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """All rows, a batch at a time."""
        delta = self._open(table, version)
        if delta is not None:
            schema = _project(table, arrow_schema(delta), columns)
            for file in list_files(delta):
                yield from read_batches(self._target(table).root, file, schema)

    def scan(
        self,
        table: str,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        where: pl.Expr | None = None,
    ) -> pl.LazyFrame:
        """The table as a polars LazyFrame; `where` is a polars expression over any of its columns."""
        import polars as pl

        schema = self.schema(table, version)
        delta = self._open(table, version)
        files = [] if delta is None else list_files(delta)
        root = self._target(table).root
        if files:
            frame = pl.concat([_scan_file(root / file.path, file.bucket, schema) for file in files])
        else:
            frame = _empty_frame(schema).lazy()
        if where is not None:
            frame = frame.filter(where)
        names: list[str] = _project(table, schema, columns).names
        return frame.select(names)

    def read(
        self,
        table: str,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        where: pl.Expr | None = None,
    ) -> pa.Table:
        """The table (or what `where` leaves of it) in memory, in its declared types."""
        schema = _project(table, self.schema(table, version), columns)
        if where is None:
            return pa.Table.from_batches(self.batches(table, version, columns), schema=schema)
        return self.scan(table, version, columns, where).collect().to_arrow().cast(schema)

    def owner_rows(
        self,
        table: str,
        version: int | None,
        source: str,
        owner: int,
        key: str,
        numbering: Numbering | None = None,
    ) -> OwnerRows | None:
        """One owner's rows of this source, in order of the column `key`; None where the table does not exist."""
        delta = self._open(table, version)
        return (
            None
            if delta is None
            else OwnerRows(self._target(table).root, delta, source, owner, key, numbering)
        )

    def owners(self, table: str, source: str) -> pa.Array:
        """The owners that have rows of this source: int64, sorted."""
        delta = self._open(table)
        files = [] if delta is None else list_files(delta)
        return pa.array(find_owners(self._target(table).root, files, Selection(source)))

    def owned(self, table: str, source: str, owners: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """The rows of these owners of a source, own columns included, a batch at a time."""
        delta = self._open(table)
        if delta is None:
            return
        root, schema = self._target(table).root, arrow_schema(delta)
        selection = Selection(source, "_owner", distinct(np.asarray(owners, dtype=np.int64)))
        for file in list_files(delta):
            if selection.covers(file):
                yield from read_batches(root, file, schema, selection)

    def connect(
        self, versions: Mapping[str, int] | None = None, own_columns: bool = False
    ) -> duckdb.DuckDBPyConnection:
        """DuckDB with a view `schema.table` for each table, at these versions (None: all tables, newest).

        At given versions, such as a release's, records that `HIDDEN` names are left out.
        """
        names = self.tables() if versions is None else list(versions)
        opened = {}
        for name in names:
            delta = self._open(name, None if versions is None else versions[name])
            if delta is not None:
                opened[name] = (self._target(name).root, delta)
        return connect_views(opened, own_columns, hides=versions is not None)

    def content_digest(self, table: str, version: int | None = None) -> str:
        """Digest of the table's rows without own columns: equal for equal rows, however and wherever written."""
        return digest_rows(self.batches(table, version))

    # Upkeep

    def compact(self, table: str) -> Receipt:
        """Join small files; the rows stay the same."""
        return compact_files(self._existing(table))

    def vacuum(self, table: str, keep_versions: Sequence[int] = ()) -> int:
        """Remove data files that neither the newest version nor those to keep need; returns how many."""
        sweep_spools(self.root)
        return vacuum_files(self._existing(table), keep_versions)

    def erase_history(self, table: str) -> int:
        """Make the newest version the only one, so that no byte of removed rows is left; returns files removed.

        Releases that pin older versions of this table can't be read any more.
        """
        return erase_log(self._existing(table))

    # Places

    def _target(self, table: str) -> Target:
        schema, _, name = table.partition(".")
        return Target(table, self.root / file_name(schema, "table") / file_name(name, "table"))

    def _existing(self, table: str) -> Target:
        if self.version(table) is None:
            raise Fatal("the table is not in the lake", table, f"one of {', '.join(self.tables())}")
        return self._target(table)

    def _open(self, table: str, version: int | None = None) -> DeltaTable | None:
        target = self._target(table)
        if not (target.root / "_delta_log").is_dir():
            if table not in LAKE:
                table_named(table)
            if version is not None:
                raise Fatal(f"version {version} is not in the lake", table, "the table does not exist")
            return None
        return target.open() if version is None else open_version(target, version)


def _project(table: str, schema: pa.Schema, columns: Sequence[str] | None) -> pa.Schema:
    if columns is None:
        return schema
    for name in columns:
        if name not in schema.names:
            raise Fatal("no such column", f"{table}.{name}", f"one of {', '.join(schema.names)}")
    return pa.schema([schema.field(name) for name in columns])


def _empty_frame(schema: pa.Schema) -> pl.DataFrame:
    import polars as pl

    frame = pl.from_arrow(schema.empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _scan_file(path: Path, bucket: int, schema: pa.Schema) -> pl.LazyFrame:
    """One data file as a LazyFrame in the columns of `schema`."""
    import polars as pl

    frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    present = set(frame.collect_schema().names())
    columns = []
    for name, kind in _empty_frame(schema).schema.items():
        if name == PARTITION:
            columns.append(pl.lit(bucket, pl.Int32).alias(name))
        else:
            columns.append(pl.col(name).cast(kind) if name in present else pl.lit(None, kind).alias(name))
    return frame.select(columns)
