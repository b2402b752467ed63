"""Standardise: from de-identified source-shaped rows to rows of lake tables.

Formats are mapped by SQL files, one for each target table, that a data manager can read and a site can overlay.
Clinical events are mapped in two steps: `events.<name>.sql` of the format brings its records to one shape, they get
their concepts and are routed (`tasks.routing`), and the files of `mappings/events/` make rows of OMOP tables of them. A
mapping that leaves out a column that may be null leaves it null. VCF, whose columns an export declares itself, has a
function instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal
from contracts.privacy import Profile
from contracts.schemas import table_named
from contracts.schemas.events import EVENT
from tasks.concepts import NoVocabulary, Vocabulary
from tasks.deidentification.engine import Deidentifier
from tasks.mappings import Mapping, mappings
from tasks.names import name_codes
from tasks.routing import route_events
from tasks.units import normalise_units

if TYPE_CHECKING:
    import duckdb

_PASSED = ("_record", "_owner", "_version", "_digest")
EVENTS = "events."
"""Mappings of this prefix make events, which are routed to their tables."""
SHARED = "events"
"""The mappings that make rows of OMOP tables from routed events, whatever format they come from."""
ROUTED_RELATION = "events.routed"
WHATEVER = "source_rows"
"""The name by which a mapping of several source tables reads the one at hand: it is run for each of them."""

_connections: list[duckdb.DuckDBPyConnection] = []


def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb

    if not _connections:
        _connections.append(duckdb.connect(config={"threads": 1, "enable_external_access": "false"}))
    return _connections[0]


def standardise_rows(
    kind: str, table: str, rows: pa.Table, deid: Deidentifier, vocabulary: Vocabulary | None = None
) -> dict[str, pa.Table]:
    """Rows for each lake table that the source table feeds.

    Args:
        kind: the connector's name.
        table: name of the source-shaped table.
        rows: its de-identified rows, with `_record` and, for record ownership, `_owner`, `_version`, `_digest`.
        deid: the unit's de-identifier, for the formats that need keyed ids beyond columns.
        vocabulary: looks source codes up; without one every concept id is 0.

    Returns:
        By lake table: its columns, then the reserved ones that `rows` carries.
    """
    if kind == "vcf":
        from tasks.vcf.standardise import standardise

        return standardise({table: rows}, deid)
    return map_rows(kind, table, rows, deid.profile, vocabulary)


def map_rows(
    kind: str, table: str, rows: pa.Table, profile: Profile, vocabulary: Vocabulary | None = None
) -> dict[str, pa.Table]:
    """Rows for each lake table, by the kind's SQL files; see `standardise_rows`."""
    _connection().execute(f"SET VARIABLE profile = '{profile.value}'")  # mappings may ask for it
    found: dict[str, pa.Table] = {}
    for target, mapping in mappings(kind).items():
        if table not in mapping.source_tables:
            continue
        if target.startswith(EVENTS):
            made = _map_events(_map(mapping, EVENT, table, rows), vocabulary or NoVocabulary())
        else:
            made = {target: _map(mapping, table_named(target).schema, table, rows)}
        for name, mapped in made.items():  # several mappings of one source table may fill one target
            found[name] = pa.concat_tables([found[name], mapped]) if name in found else mapped
    return found


def _map_events(events: pa.Table, vocabulary: Vocabulary) -> dict[str, pa.Table]:
    """Rows of the OMOP tables that the events' domains name; an empty table where none of its events is routed to."""
    routed = route_events(name_codes(normalise_units(events)), vocabulary)
    used = set(pc.unique(routed["target"]).to_pylist())
    shared = mappings(SHARED)
    return {
        target: _map(mapping, table_named(target).schema, ROUTED_RELATION, routed)
        for target, mapping in shared.items()
        if target.partition(".")[2] in used
    }


def _map(mapping: Mapping, wanted: pa.Schema, table: str, rows: pa.Table) -> pa.Table:
    connection = _connection()
    views = (table.replace(".", "_"), WHATEVER)
    for view in views:
        connection.register(view, rows)
    try:
        mapped = connection.sql(mapping.sql).to_arrow_table()
    finally:
        for view in views:
            connection.unregister(view)
    passed = [pa.field(n, rows.schema.field(n).type) for n in _PASSED if n in rows.schema.names]
    schema = pa.schema([*wanted, *passed])
    columns = [_column(mapped, field, mapping) for field in schema]
    return pa.table(columns, schema=schema)


def _column(mapped: pa.Table, field: pa.Field, mapping: Mapping) -> pa.ChunkedArray | pa.Array:
    if field.name in mapped.schema.names:
        return mapped[field.name].cast(field.type)
    if not field.nullable:
        raise Fatal(
            "a mapping leaves out a required column", f"{mapping.name}: {field.name}", "name it there"
        )
    return pa.nulls(mapped.num_rows, field.type)
