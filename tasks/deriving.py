"""Derive: tables computed over whole tables of the lake, by SQL files, from what is published.

A derived table is computed anew when a table that it reads has other rows, or its SQL, its columns or the vocabulary
are others: what it was made from stands in its last commit (`_BASIS`). So a night costs what its changes touch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from contracts.protocols import Receipt
from contracts.schemas import LAKE, table_named
from contracts.schemas.omop import parse_columns
from stores.lake import Lake
from stores.lake_sql import HIDDEN
from stores.vault import Vault
from tasks.mappings import Mapping, mappings

if TYPE_CHECKING:
    import duckdb

DERIVED = "derived"
_BASIS = "made_from"
_BATCH_ROWS = 20_000
_EXPOSURES = "omop.drug_exposure"

VOCABULARY = {
    "vocabulary.ingredient": parse_columns("drug_concept_id:id! ingredient_concept_id:id!"),
    "vocabulary.strength": parse_columns(
        "drug_concept_id:id! ingredient_concept_id:id! amount_value:float amount_unit_concept_id:id "
        "numerator_value:float numerator_unit_concept_id:id denominator_value:float denominator_unit_concept_id:id"
    ),
}
"""What mappings may ask of OMOP's vocabularies: a drug's ingredients (CONCEPT_ANCESTOR, concept class Ingredient), and
how much of each is in one piece of it (DRUG_STRENGTH)."""


class DrugVocabulary(Protocol):
    """Knows what drugs consist of."""

    @property
    def digest(self) -> str:
        """Tells its content apart: another one derives anew what asked it."""
        ...

    def relation(self, name: str, drugs: Iterable[int]) -> pa.Table:
        """What one of `VOCABULARY` says of these drugs, in its columns."""
        ...


@dataclass(frozen=True)
class Derived:
    """What deriving one table did."""

    table: str
    rows: int
    receipt: Receipt


def derived_tables() -> list[str]:
    """The tables derived by SQL, parents first."""
    return sorted(mappings(DERIVED), key=lambda name: (LAKE[name].order, name))


def derive_table(
    lake: Lake,
    table: str,
    round_no: int,
    vocabulary: DrugVocabulary | None = None,
    withheld: Collection[str] = (),
) -> Derived | None:
    """Bring a derived table up to date and write the buckets that differ; None where no source table is there yet.

    Nothing is computed where everything that it is made from is as it was. A table that reads several (the graph) takes
    those not there yet as empty, and a vocabulary that is not at hand likewise; so it does those that are `withheld`
    from who sees it.
    """
    mapping = mappings(DERIVED)[table]
    present = set(lake.tables()).difference(withheld)
    if not present & set(mapping.source_tables) and (not withheld or table not in present):
        return None
    basis = _basis(lake, table, mapping, vocabulary, withheld)
    if lake.last_fact(table, _BASIS) == basis:
        return Derived(table, lake.rows(table), Receipt(table, lake.version(table) or 0, False))
    seen = {name: version for name, version in lake.versions().items() if name in present - {HIDDEN}}
    with lake.connect(seen) as connection:
        for name in set(mapping.source_tables) - present:
            _create_view(connection, name, _absent(name, vocabulary, connection))
        receipt = write_derived(lake, table, _computed(connection, table, mapping), round_no, basis)
    return Derived(table, lake.rows(table), receipt)


def _basis(
    lake: Lake, table: str, mapping: Mapping, vocabulary: DrugVocabulary | None, withheld: Collection[str]
) -> str:
    """Digest over all that decides a derived table's rows."""
    parts = [mapping.digest, str(table_named(table).schema)]
    for name in sorted(mapping.source_tables):
        known = "" if vocabulary is None else vocabulary.digest
        if name not in VOCABULARY:
            known = "withheld" if name in withheld else str(lake.content_version(name))
        parts.append(f"{name}={known}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _absent(name: str, vocabulary: DrugVocabulary | None, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """What stands for a table that the lake does not hold."""
    if name not in VOCABULARY:
        return table_named(name).schema.empty_table()
    empty = VOCABULARY[name].empty_table()
    if vocabulary is None:
        return empty
    drugs = connection.sql(f"SELECT DISTINCT drug_concept_id FROM {_EXPOSURES} WHERE drug_concept_id <> 0")
    found = vocabulary.relation(name, (row[0] for row in drugs.fetchall()))
    return found.select(empty.schema.names).cast(empty.schema)


def _computed(
    connection: duckdb.DuckDBPyConnection, table: str, mapping: Mapping
) -> Iterator[pa.RecordBatch]:
    schema = table_named(table).schema
    reader = connection.sql(mapping.sql).to_arrow_reader(_BATCH_ROWS)
    for batch in reader:
        yield from pa.Table.from_batches([batch]).select(schema.names).cast(schema).to_batches()


def _create_view(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    schema, _, name = table.partition(".")
    connection.register(f"_{schema}_{name}", rows)
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    connection.execute(f'CREATE VIEW "{schema}"."{name}" AS SELECT * FROM "_{schema}_{name}"')


def write_derived(
    lake: Lake, table: str, rows: Iterable[pa.RecordBatch], round_no: int, basis: str = ""
) -> Receipt:
    """Make a derived table hold exactly `rows`; buckets that hold them already are left alone.

    `basis` is kept with the commit: what the rows were made from.
    """
    return lake.replace_buckets(
        table,
        list(range(lake.buckets)),
        rows,
        publish=lake.next_publication(table, f"{DERIVED}:{table}", round_no),
        facts={_BASIS: basis} if basis else None,
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
