"""Views of the genomics tables by assembly, so that who writes SQL cannot mix positions that never compare.

`GRCh37.variant`, `GRCh38.variant`, `T2T.variant` and `of_no_assembly.variant` have that assembly's files alone, and
so have the other tables with a `file_id`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from stores.lake_sql import literal, quote

if TYPE_CHECKING:
    import duckdb

SCHEMAS = {"GRCh37": "GRCh37", "GRCh38": "GRCh38", "T2T-CHM13v2.0": "T2T", None: "of_no_assembly"}
"""Names of the views' schemas by what `genomics.file` says."""
_TABLES = (
    "file",
    "sample",
    "variant",
    "call",
    "reference_block",
    "variant_quality",
    "sample_quality",
    "file_quality",
    "consequence",
    "finding",
)
_TELLING = frozenset(["file", "variant", "reference_block"])
"""Tables that say the assembly themselves."""


def create_views(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Make the views of the assemblies that have files.

    Args:
        connection: with a view `schema.table` for each of `tables`.
        tables: of the release.
    """
    if "genomics.file" not in tables:
        return
    for (assembly,) in connection.sql("SELECT DISTINCT assembly FROM genomics.file").fetchall():
        if assembly not in SCHEMAS:
            continue
        schema = quote(SCHEMAS[assembly])
        holds = "assembly IS NULL" if assembly is None else f"assembly = {literal(assembly)}"
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for table in _TABLES:
            if f"genomics.{table}" in tables:
                which = holds
                if table not in _TELLING:
                    which = f"file_id IN (SELECT file_id FROM genomics.file WHERE {holds})"
                body = f"SELECT * FROM genomics.{table} WHERE {which}"
                connection.execute(f"CREATE VIEW {schema}.{quote(table)} AS {body}")
