"""Standardise: from de-identified source-shaped rows to rows of lake tables.

Formats are mapped by SQL files, one for each target table, that a data manager can read and a site can overlay. VCF,
whose columns an export declares itself, has a function instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from contracts.schemas import table_named
from tasks.deidentification.engine import Deidentifier
from tasks.mappings import Mapping, mappings

if TYPE_CHECKING:
    import duckdb

_PASSED = ("_record", "_owner", "_version", "_digest")
_connections: list[duckdb.DuckDBPyConnection] = []


def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb

    if not _connections:
        _connections.append(duckdb.connect(config={"threads": 1, "enable_external_access": "false"}))
    return _connections[0]


def standardise_rows(kind: str, table: str, rows: pa.Table, deid: Deidentifier) -> dict[str, pa.Table]:
    """Rows for each lake table that the source table feeds.

    Args:
        kind: the connector's name.
        table: name of the source-shaped table.
        rows: its de-identified rows, with `_record` and, for record ownership, `_owner`, `_version`, `_digest`.
        deid: the unit's de-identifier, for the formats that need keyed ids beyond columns.

    Returns:
        By lake table: its columns, then the reserved ones that `rows` carries.
    """
    if kind == "vcf":
        from tasks.vcf.standardise import standardise

        return standardise({table: rows}, deid)
    found = {}
    _connection().execute(f"SET VARIABLE profile = '{deid.profile.value}'")  # mappings may ask for it
    for target, mapping in mappings(kind).items():
        if table in mapping.source_tables:
            found[target] = _map(mapping, target, table, rows)
    return found


def _map(mapping: Mapping, target: str, table: str, rows: pa.Table) -> pa.Table:
    connection = _connection()
    view = table.replace(".", "_")
    connection.register(view, rows)
    try:
        mapped = connection.sql(mapping.sql).to_arrow_table()
    finally:
        connection.unregister(view)
    passed = [pa.field(n, rows.schema.field(n).type) for n in _PASSED if n in rows.schema.names]
    schema = pa.schema([*table_named(target).schema, *passed])
    return mapped.select(schema.names).cast(schema)
