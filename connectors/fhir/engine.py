"""One DuckDB connection for each thread and time zone, kept for as long as the process lives."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from connectors.fhir.macros import macros
from contracts.errors import Fatal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_local = threading.local()


def query(zone: str, sql: str, lines: pa.Table) -> pa.Table:
    """Run `sql` over the relation `lines`.

    Raises:
        Fatal: DuckDB refused. Its own message is left out, because it quotes the row that it stumbled over.
    """
    import duckdb

    connection = _connection(zone)
    connection.register("lines", lines)
    try:
        return connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise Fatal(f"the lines cannot be read: {type(error).__name__}", "fhir") from None
    finally:
        connection.unregister("lines")


def _connection(zone: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    found: dict[str, duckdb.DuckDBPyConnection] = _local.__dict__.setdefault("connections", {})
    if zone not in found:
        setup = macros(zone)
        connection = duckdb.connect(config={"threads": 1, "enable_external_access": "false"})
        connection.execute("SET TimeZone='UTC'")
        connection.execute("SET preserve_insertion_order=true")
        connection.execute(setup)
        found[zone] = connection
    return found[zone]
