"""One DuckDB connection for each thread, kept for as long as the process lives."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from contracts.errors import Fatal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_local = threading.local()


def query(sql: str, lines: pa.Table) -> pa.Table:
    """Run `sql` over the relation `lines`; rows keep their order.

    Raises:
        Fatal: DuckDB refused. Its own message is left out, because it quotes the row that it stumbled over.
    """
    import duckdb

    connection = _connection()
    connection.register("lines", lines)
    try:
        return connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise Fatal(f"the lines cannot be read: {type(error).__name__}", "fhir") from None
    finally:
        connection.unregister("lines")


@lru_cache(maxsize=64)
def require_zone(zone: str) -> str:
    """The zone by its name, `UTC` for all names of that.

    Raises:
        Fatal: no such time zone.
    """
    if zone not in available_timezones():
        raise Fatal(
            "no such time zone", "source.time_zone", "a name of the IANA database, such as Europe/Berlin"
        )
    return "UTC" if zone in {"UTC", "Etc/UTC", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT", "Universal"} else zone


def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb

    found: duckdb.DuckDBPyConnection | None = getattr(_local, "connection", None)
    if found is None:
        found = duckdb.connect(config={"threads": 1, "enable_external_access": "false"})
        found.execute("SET TimeZone='UTC'")
        _local.connection = found
    return found
