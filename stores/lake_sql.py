"""SQL over the lake: one DuckDB view for each table, over the data files where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stores.lake_files import DataFile, arrow_schema, list_files

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable


HIDDEN = "genomics.suppressed"
"""Where a release names it, readers see no row of the records that it names, and not the table itself."""
_RECORD = "record_id"


def connect_views(
    tables: Mapping[str, tuple[Path, DeltaTable]],
    own_columns: bool = False,
    bucket: int | None = None,
    hides: bool = False,
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with a view `schema.table` for each table; nothing is copied.

    Args:
        tables: by name `schema.table`, the table's folder and the version to read.
        own_columns: whether the views show `_source`, `_owner`, `_recipe` and `_bucket`.
        bucket: the views hold this bucket's rows alone; None: all.
        hides: without the records that `HIDDEN`, where it is among the tables, names.
    """
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    hides = hides and HIDDEN in tables
    if hides:
        root, delta = tables[HIDDEN]
        body = _select(connection, HIDDEN, root, list_files(delta), [arrow_schema(delta).field(_RECORD)])
        connection.execute(f"CREATE VIEW main._hidden AS {body}")
    for name, (root, delta) in tables.items():
        if hides and name == HIDDEN:
            continue
        schema, table = name.split(".")
        columns = [f for f in arrow_schema(delta) if own_columns or not f.name.startswith("_")]
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}")
        files = [file for file in list_files(delta) if bucket is None or file.bucket == bucket]
        body = _select(connection, name, root, files, columns)
        if hides and is_hideable(name, [column.name for column in columns]):
            body = f"SELECT * FROM ({body}) ANTI JOIN main._hidden USING ({_RECORD})"
        connection.execute(f"CREATE VIEW {quote(schema)}.{quote(table)} AS {body}")
    return connection


def is_hideable(table: str, columns: Sequence[str]) -> bool:
    """Whether a table has rows that `HIDDEN` may name."""
    return table.startswith("genomics.") and table != HIDDEN and _RECORD in columns


def _select(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    root: Path,
    files: Sequence[DataFile],
    columns: Sequence[pa.Field],
) -> str:
    """The view's body. An empty table of the full schema comes first, for columns that no file (or only some) has."""
    empty = f"_empty_{name.replace('.', '_')}"
    schema = pa.schema(columns)
    connection.register("_arrow", schema.empty_table())
    connection.execute(f"CREATE TABLE {quote(empty)} AS SELECT * FROM _arrow")
    connection.unregister("_arrow")
    wanted = ", ".join(quote(column.name) for column in columns)
    body = f"SELECT {wanted} FROM (SELECT * FROM main.{quote(empty)}"
    if files:
        paths = ", ".join(literal(str(root / file.path)) for file in files)
        options = "union_by_name = true, hive_partitioning = false"
        if "_bucket" in schema.names:
            options = "union_by_name = true, hive_partitioning = true, hive_types = {'_bucket': INTEGER}"
        body += f" UNION ALL BY NAME SELECT * FROM read_parquet([{paths}], {options})"
    return body + ")"


def quote(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
