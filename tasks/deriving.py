"""Derive: tables computed over whole tables of the lake, by SQL files, from what is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from contracts.protocols import Receipt
from contracts.schemas import LAKE, table_named
from stores.lake import Lake
from stores.vault import Vault
from tasks.mappings import Mapping, mappings

if TYPE_CHECKING:
    import duckdb

DERIVED = "derived"
_BATCH_ROWS = 20_000


@dataclass(frozen=True)
class Derived:
    """What deriving one table did."""

    table: str
    rows: int
    receipt: Receipt


def derived_tables() -> list[str]:
    """The tables derived by SQL, parents first."""
    return sorted(mappings(DERIVED), key=lambda name: (LAKE[name].order, name))


def derive_table(lake: Lake, table: str, round_no: int) -> Derived | None:
    """Compute a derived table anew and write the buckets that differ; None where a source table is not there yet.

    A table that reads several (the graph) takes those not there yet as empty.
    """
    mapping = mappings(DERIVED)[table]
    present = set(lake.tables())
    if not present & set(mapping.source_tables):
        return None
    with lake.connect() as connection:
        for missing in set(mapping.source_tables) - present:
            _create_empty(connection, missing)
        receipt = write_derived(lake, table, _computed(connection, table, mapping), round_no)
    return Derived(table, lake.rows(table), receipt)


def _computed(
    connection: duckdb.DuckDBPyConnection, table: str, mapping: Mapping
) -> Iterator[pa.RecordBatch]:
    schema = table_named(table).schema
    reader = connection.sql(mapping.sql).to_arrow_reader(_BATCH_ROWS)
    for batch in reader:
        yield from pa.Table.from_batches([batch]).select(schema.names).cast(schema).to_batches()


def _create_empty(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    empty = table_named(table).schema.empty_table()
    schema, _, name = table.partition(".")
    connection.register(f"_empty_{name}", empty)
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    connection.execute(f'CREATE VIEW "{schema}"."{name}" AS SELECT * FROM "_empty_{name}"')


def write_derived(lake: Lake, table: str, rows: Iterable[pa.RecordBatch], round_no: int) -> Receipt:
    """Make a derived table hold exactly `rows`; buckets that hold them already are left alone."""
    buckets = list(range(lake.buckets))
    return lake.replace_buckets(
        table, buckets, rows, publish=lake.next_publication(table, f"{DERIVED}:{table}", round_no)
    )


def derive_linkage(lake: Lake, vault: Vault, round_no: int) -> list[Derived]:
    """The linkage tables, from the vault: keyed identities and the persons they belong to, now and before."""
    found = []
    for table, rows in (
        ("linkage.person", vault.linkage_person()),
        ("linkage.history", vault.linkage_history()),
    ):
        receipt = write_derived(lake, table, rows.to_batches(), round_no)
        found.append(Derived(table, rows.num_rows, receipt))
    return found
