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
from tasks.deidentification.age_values import (
    age_codes,
    group_event_ages,
    group_omop_ages,
    group_unmapped_ages,
)
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
REFERRING = "records.referring"
"""Where events go whose code stands in another record; OMOP's rows of them follow in `tasks.referring`."""
_VALUED = {
    ("omop", "omop.measurement"),
    ("omop", "omop.observation"),
    ("hl7v2", "records.unmapped"),
    ("ccda", "records.unmapped"),
}
"""(kind, table) of rows with values that no event is made of: ages among them are grouped apart."""
_THINGS = pa.array(["Medication", "Device"])
_REFERS = {"medication_id", "device_id"}
NOTES = ("omop.note", "records.report")
"""Tables of notes, and of what may be notes (`tasks.reports`)."""
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
    _connection().execute(f"SET VARIABLE source_table = '{table}'")  # those of several source tables too
    found: dict[str, pa.Table] = {}
    for target, mapping in mappings(kind).items():
        if table not in mapping.source_tables:
            continue
        if target.startswith(EVENTS):
            made = _made_of(_map(mapping, EVENT, table, rows), rows, profile, vocabulary or NoVocabulary())
        else:
            made = {target: _map(mapping, table_named(target).schema, table, rows)}
            if target in NOTES:
                made = {target: _classify(made[target], vocabulary or NoVocabulary())}
            if profile is Profile.SAFE_HARBOR and (kind, target) in _VALUED:
                made = {target: _group_ages(made[target], target, vocabulary or NoVocabulary())}
        for name, mapped in made.items():  # several mappings of one source table may fill one target
            found[name] = pa.concat_tables([found[name], mapped]) if name in found else mapped
    return found


def map_events(events: pa.Table, profile: Profile, vocabulary: Vocabulary) -> dict[str, pa.Table]:
    """Rows of OMOP tables by table, from events of any format.

    Args:
        events: rows of `EVENT`, and what of the reserved columns they have.
        profile: what may remain of dates.
        vocabulary: looks codes up.
    """
    _connection().execute(f"SET VARIABLE profile = '{profile.value}'")
    return _map_events(events, profile, vocabulary)


def _classify(rows: pa.Table, vocabulary: Vocabulary) -> pa.Table:
    """Notes with the concept of their type's code as their class, where the source states none itself."""
    pairs = list(
        zip(rows["source_vocabulary"].to_pylist(), rows["note_source_value"].to_pylist(), strict=True)
    )
    known = vocabulary.concepts_of({(system, code) for system, code in pairs if system and code})
    stated = rows["note_class_concept_id"].to_pylist()
    classes = [
        own or (known[pair][0].concept_id if pair in known else 0)
        for own, pair in zip(stated, pairs, strict=True)
    ]
    at = rows.schema.get_field_index("note_class_concept_id")
    return rows.set_column(at, rows.schema.field(at), pa.array(classes, pa.int64()))


def _group_ages(rows: pa.Table, target: str, vocabulary: Vocabulary) -> pa.Table:
    """Rows of a table that are made without events, with ages over 89 grouped."""
    if target == "records.unmapped":
        return group_unmapped_ages(rows)
    known = vocabulary.concepts_of(age_codes())
    concepts = {
        i for several in known.values() for c in several for i in (c.concept_id, c.source_concept_id) if i
    }
    return group_omop_ages(rows, target.partition(".")[2], sorted(concepts))


def _made_of(
    events: pa.Table, rows: pa.Table, profile: Profile, vocabulary: Vocabulary
) -> dict[str, pa.Table]:
    """Rows of OMOP tables, and apart from them the events that name a thing which is told elsewhere."""
    if not _REFERS & set(rows.schema.names):
        return _map_events(events, profile, vocabulary)
    apart = pc.fill_null(pc.is_in(events["vocabulary"], _THINGS), False)
    referring = events.filter(apart)
    if not referring.num_rows:
        return _map_events(events, profile, vocabulary)
    return {REFERRING: referring, **_map_events(events.filter(pc.invert(apart)), profile, vocabulary)}


def _map_events(events: pa.Table, profile: Profile, vocabulary: Vocabulary) -> dict[str, pa.Table]:
    """Rows of the OMOP tables that the events' domains name; an empty table where none of its events is routed to."""
    events = normalise_units(events)
    if profile is Profile.SAFE_HARBOR:
        events = group_event_ages(events)
    routed = route_events(name_codes(events), vocabulary)
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
