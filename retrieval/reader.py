"""What readers see: the lake and the vectors at the versions that one release names, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from contracts.errors import Fatal
from contracts.privacy import Profile
from retrieval.assemblies import create_views
from stores.home import Home
from stores.lake import Lake
from stores.lake_sql import HIDDEN, is_hideable
from stores.releases import Release, Releases
from stores.vectors import Vectors

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from contracts.protocols import Encoder


@dataclass(frozen=True)
class Reader:
    """A release opened for reading. A night that publishes meanwhile changes nothing of it.

    Attributes:
        home: the home.
        release: the release that is read.
        lake: the tables; read them at `release.tables`.
        vectors: the vector tables; read them at `release.vectors`.
    """

    home: Home
    release: Release
    lake: Lake = field(repr=False)
    vectors: Vectors = field(repr=False)

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = self.lake.connect(self.release.tables)
        create_views(connection, self.release.tables)
        return connection

    def sql(self) -> duckdb.DuckDBPyConnection:
        """DuckDB with a view `schema.table` for each table of the release, and views by assembly
        (`retrieval.assemblies`)."""
        return self._connection

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of an SQL query by column name; values go in as parameters (`?`), never into the text."""
        found = self.sql().execute(query, list(parameters))
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def has(self, *tables: str) -> bool:
        """Whether the release holds all of these tables, for readers to see."""
        return all(table in self.release.tables and table != HIDDEN for table in tables)

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns in the release; empty where the release lacks the table."""
        if not self.has(table):
            return []
        return list(self.lake.schema(table, self.release.tables[table]).names)

    def count(self, table: str) -> int:
        """How many rows a table has in the release; 0 where the release lacks it."""
        if not self.has(table):
            return 0
        if HIDDEN in self.release.tables and is_hideable(table, self.columns(table)):
            return int(self.rows(f"SELECT count(*) AS rows FROM {table}")[0]["rows"])
        return self.lake.rows(table, self.release.tables[table])

    def search(
        self,
        kind: str,
        encoder: Encoder,
        vector: Any | None,
        text: str | None,
        **filters: Any,
    ) -> pa.Table:
        """`Vectors.search` at the release's version.

        Raises:
            Fatal: the release holds no vectors of this kind and encoder.
        """
        name = self.vectors.table_name(kind, encoder)
        version = self.release.vectors.get(name)
        if version is None:
            fix = "run a round with this encoder, or set the encoder that the release was made with"
            raise Fatal(f"the release holds no {kind} vectors of {encoder.name}", self.place, fix)
        return self.vectors.search(kind, encoder, vector, text, version=version, **filters)

    @property
    def place(self) -> str:
        """The release, as errors name it."""
        return f"release {self.release.number}"

    def show_date(self, value: dt.date | dt.datetime | None) -> str:
        """A date as far as the profile keeps it: the year alone under safe_harbor; "" for none."""
        if value is None:
            return ""
        day = value.date() if isinstance(value, dt.datetime) else value
        return f"{day.year:04}" if self.home.profile is Profile.SAFE_HARBOR else day.isoformat()


def open_reader(home: Home, release: int | None = None) -> Reader:
    """Open the current release of a home, or an earlier one by number.

    Raises:
        Fatal: there is no release yet, or none by that number.
    """
    releases = Releases(home)
    chosen = releases.current() if release is None else releases.get(release)
    if chosen is None:
        raise Fatal("there is no release to read yet", "releases", "make a round first: nightrounds run")
    return Reader(home, chosen, Lake(home.lake, home.buckets), Vectors(home.vectors))
