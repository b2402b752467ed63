"""A lake at given versions, bucket by bucket: what a bucket holds, whether that changed, and SQL over it alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from contracts.errors import Fatal
from contracts.schemas import table_named
from stores.lake_files import arrow_schema, list_files
from stores.lake_replace import Target
from stores.lake_sql import connect_views
from stores.lake_upkeep import open_version

if TYPE_CHECKING:
    import duckdb

    from stores.lake import Lake

_PERSON = "person_id"


class LakeBuckets:
    """Tables of a lake that are clustered by person, opened once at their versions.

    Args:
        lake: the lake.
        versions: the version of each table that is to be read.

    Raises:
        Fatal: a table is clustered otherwise, so that a bucket would hold a part of a person, or lacks the version.
    """

    def __init__(self, lake: Lake, versions: Mapping[str, int]) -> None:
        self.count = lake.buckets
        self._opened = {}
        self._files: dict[str, list[tuple[int, str]]] = {}
        self.rows = 0
        for name, version in sorted(versions.items()):
            if table_named(name).bucket_by != _PERSON:
                raise Fatal("the table is not clustered by person", name, "a table of persons' rows")
            root = lake.root.joinpath(*name.split("."))
            delta = open_version(Target(name, root), version)
            files = list_files(delta)
            self._opened[name] = (root, delta)
            self._files[name] = [(file.bucket, file.path) for file in files]
            self.rows += sum(file.rows for file in files)

    def digest(self, bucket: int) -> str:
        """Tells the bucket's content apart, by the data files it consists of: files are never changed."""
        parts = []
        for name, (_, delta) in self._opened.items():
            paths = sorted(path for number, path in self._files[name] if number == bucket)
            parts += [name, str(arrow_schema(delta)), *paths]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def tables(self, bucket: int) -> set[str]:
        """The tables that have rows in the bucket."""
        return {name for name, files in self._files.items() if any(number == bucket for number, _ in files)}

    def connect(self, bucket: int) -> duckdb.DuckDBPyConnection:
        """DuckDB with a view `schema.table` for each table that has rows in the bucket, over these."""
        held = self.tables(bucket)
        return connect_views({n: opened for n, opened in self._opened.items() if n in held}, bucket=bucket)
