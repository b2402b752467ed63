"""From a chunk of lines to source-shaped tables: split, sort by type, take the columns, key the rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.accessions import AccessionRules
from connectors.fhir.attachments import NOTED, decode_notes
from connectors.fhir.batch import Batch, Deleted, Lines, rejections
from connectors.fhir.bundles import expand
from connectors.fhir.engine import query
from connectors.fhir.finding import Found, find, whole
from connectors.fhir.lines import Chunk
from connectors.fhir.manifest import is_manifest
from connectors.fhir.naming import NAMING, naming_columns
from connectors.fhir.references import resolve_references, subjects
from connectors.fhir.strict import find_lenient, has_numbers
from connectors.fhir.structure import OTHER, STRUCTURES, Structure
from connectors.fhir.types import CONTAINER_TYPES, MAPPED_TYPES, RESOURCE_TYPES
from contracts.keys import Key
from contracts.privacy import Action
from contracts.schemas import DELETED, IGNORED
from contracts.schemas.fhir import TABLES

_PREFIX = r"""'^\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"'"""
_FIRST = re.compile(_PREFIX[2:-1].replace(r"\s", r"[\t\n\f\r ]"))
UNIT_SEPARATOR = "\x1f"
WHOLE_TABLE = "fhir.other"

Batches = Iterator[tuple[str, pa.Table]]


@dataclass(frozen=True)
class Context:
    """What reading a unit's lines needs beside the lines.

    Attributes:
        mrn_system: the `Identifier.system` of the authority's own patient number, empty where it is not told.
        base: the base URL of the source's own server, empty where it is not told.
        exported: when the export was made, which is the version of what states none.
        accessions: how the source writes accession numbers.
    """

    authority: str
    zone: str
    key: Key
    mrn_system: str = ""
    base: str = ""
    exported: str = ""
    accessions: AccessionRules = field(default_factory=AccessionRules)


def read_chunk(chunk: Chunk, context: Context) -> Batches:
    """Every line of the chunk, once: as a row of its table, rejected, or ignored. Blank lines are no records."""
    for batch in expand(Lines.of_chunk(chunk), context.base):
        yield from read_batch(batch, context)


def read_batch(batch: Batch, context: Context) -> Batches:
    """Every record of the batch, once: as a row of its table, deleted, rejected, or ignored."""
    if batch.rejected:
        yield rejections(batch.rejected)
    if batch.ignored:
        yield _ignore(*zip(*batch.ignored, strict=True))
    if batch.deleted:
        yield _delete(batch.deleted, context)
    lines = batch.lines
    if lines is None:
        return
    if lines.invalid:
        yield lines.reject(lines.invalid, "invalid-utf8")
    if not lines.table.num_rows:
        return
    types = _types(lines)
    if has_numbers(pc.unique(types).to_pylist()) and (lenient := find_lenient(lines)):
        yield lines.reject(lenient, "invalid-json")
        lines.leave_out(lenient)
        if not lines.table.num_rows:
            return
        types = _types(lines)
    for kind in pc.unique(types).to_pylist():
        rows = (
            lines.table
            if pc.all(pc.equal(types, kind)).as_py()
            else lines.table.filter(pc.equal(types, kind))
        )
        yield from _read_type(kind, rows, lines, context)


def _ignore(records: Sequence[int], types: Sequence[str]) -> tuple[str, pa.Table]:
    return "ignored", pa.table({"_record": list(records), "type": list(types)}, schema=IGNORED)


def _delete(found: list[Deleted], context: Context) -> tuple[str, pa.Table]:
    """Rows of `deleted`; that a record is no more is content, so it has a digest like any statement."""
    authority, key = context.authority, context.key
    versions = [one.version or context.exported for one in found]
    columns = [
        [one.record for one in found],
        [key.id63("owner", authority, one.kind, one.identifier) for one in found],
        versions,
        [
            key.id63("record-deleted", authority, one.kind, one.identifier, version)
            for one, version in zip(found, versions, strict=True)
        ],
        [one.kind for one in found],
    ]
    return "deleted", pa.table(dict(zip(DELETED.names, columns, strict=True)), schema=DELETED)


def _types(lines: Lines) -> pa.ChunkedArray:
    """The type of each line: told by its beginning, as nearly all exports have it, else by parsing."""
    first = _FIRST.match(lines.table["line"][0].as_py())
    if first and pc.all(pc.starts_with(lines.table["line"], first[0])).as_py():
        return pa.chunked_array([pa.repeat(pa.scalar(first[1], pa.string()), lines.table.num_rows)])
    early = query(f"SELECT regexp_extract(line, {_PREFIX}, 1) AS t FROM lines", lines.table)["t"]
    if not pc.any(pc.equal(early, "")).as_py():
        return early
    late = "coalesce(TRY(json_extract_string(line, '$.resourceType')), '')"
    sql = f"SELECT CASE t WHEN '' THEN {late} ELSE t END AS t FROM (SELECT line, "
    return query(f"{sql}regexp_extract(line, {_PREFIX}, 1) AS t FROM lines)", lines.table)["t"]


def _read_type(kind: str, rows: pa.Table, lines: Lines, context: Context) -> Batches:
    structure = STRUCTURES.get(kind, OTHER)
    taken = find(structure, whole(rows["line"]), whole(rows["_record"]))
    _resolve(taken, rows["line"], lines, context)
    found, rejected = _sift(taken, kind, lines)
    yield from rejected
    if len(found):
        yield from _shape(found, structure, kind, lines, context)


@dataclass(frozen=True)
class _Source:
    """What `resolve_references` asks of the lines of what was found."""

    lines: Lines
    found: Found

    @property
    def has_logical(self) -> bool:
        """Whether a reference by identifier may be among them."""
        return self.lines.has_logical if self.found.logical is None else self.found.logical

    def raw(self, record: int) -> bytes:
        """The resource that begins at a record's offset."""
        return self.lines.raw(record)


def _resolve(found: Found, rows: pa.ChunkedArray, lines: Lines, context: Context) -> None:
    """Bring the references found to what `columns.referred` reads."""
    source = _Source(lines, found)
    stated = {
        path: found[path]
        for path in found.names
        if path.endswith(".reference") and (not found.is_empty(path) or source.has_logical)
    }
    table = pa.table({**stated, "_record": found.records})
    resolved = resolve_references(table, rows, source, context.base)
    for path in stated:
        if resolved[path] is not table[path]:
            found.tell(path, whole(resolved[path]))


def _sift(found: Found, kind: str, lines: Lines) -> tuple[Found, list[tuple[str, pa.Table]]]:
    """Take out what is not JSON, not FHIR, of no known type, or without an id."""
    apart = []
    valid, nothing = found.valid, found.filter(pa.array(np.zeros(len(found), bool)))
    if not pc.all(valid).as_py():
        wrong = found.records.filter(pc.invert(valid)).to_pylist()
        apart.append(lines.reject([record for record in wrong if lines.raw(record)], "invalid-json"))
        found = found.filter(valid)
    if kind == "":
        records = found.records.to_pylist()
        types = ["bulk-manifest" if is_manifest(lines.raw(record)) else "not-fhir" for record in records]
        return nothing, [*apart, _ignore(records, types)]
    if kind == "OperationOutcome":  # tells of an export or a search, not of a patient
        return nothing, [*apart, _ignore(found.records.to_pylist(), ["operation-outcome"] * len(found))]
    reason = "unknown-resource-type" if kind not in RESOURCE_TYPES else ""
    reason = "container-resource" if kind in CONTAINER_TYPES else reason
    if reason:
        return nothing, [*apart, lines.reject(found.records.to_pylist(), reason)]
    named = pc.fill_null(pc.greater(pc.binary_length(found["$.id"]), 0), False)
    if not pc.all(named).as_py():
        apart.append(lines.reject(found.records.filter(pc.invert(named)).to_pylist(), "missing-id"))
        found = found.filter(named)
    return found, apart


def _shape(found: Found, structure: Structure, kind: str, lines: Lines, context: Context) -> Batches:
    """Rows of the type's table. What is no event stays whole, as unmapped: what was never done, a document without
    text inside."""
    made = structure.columns(found, context.zone)
    made["_record"] = found.records
    made["_version"] = _versions(made["_version"], lines.versions(made["_record"]), context.exported)
    undecodable, bare = [], []
    if kind in NOTED:
        records = made["_record"].to_pylist()
        attachments = pa.table({name: found[name] for name in ("_decoded", "_attached")})
        notes = decode_notes(made, attachments, lambda row: lines.raw(records[row]))
        made |= notes.columns
        undecodable, bare = notes.undecodable, notes.whole if kind == "DocumentReference" else []
    rows = pa.table(made)
    if undecodable:
        yield lines.reject([records[row] for row in undecodable], "attachment-undecodable")
    whole = structure.whole(rows)
    if undecodable or bare or whole is not None:
        apart = np.zeros(rows.num_rows, bool) if whole is None else whole.to_numpy(zero_copy_only=False)
        apart[bare] = True
        apart[undecodable] = False
        kept = rows.filter(pa.array(apart))
        if kept.num_rows:
            kept = kept.append_column("patient", kept["_patient"])
            yield _finish(kept, kind, WHOLE_TABLE, lines, context)
        apart[undecodable] = True
        rows = rows.filter(pa.array(~apart))
    if rows.num_rows:
        yield _finish(rows, kind, MAPPED_TYPES.get(kind, WHOLE_TABLE), lines, context)


def _versions(own: pa.Array, stated: pa.Array | None, exported: str) -> pa.Array:
    """`meta.lastUpdated`; where it is absent, when the entry or its Bundle was made, else the whole export."""
    for fallback in (stated, exported or None):
        if fallback is not None:
            own = pc.if_else(pc.equal(own, ""), fallback, own)
    return own


def _finish(made: pa.Table, kind: str, table: str, lines: Lines, context: Context) -> tuple[str, pa.Table]:
    """Key the rows, encode ids and subjects, and bring them into the table's schema; what a type lacks is null."""
    columns = {name: made[name] for name in made.column_names}
    columns["_owner"], columns["_digest"] = _key_rows(kind, made["_id"], made["_record"], lines, context)
    patient = "_id" if kind == "Patient" else "patient" if table == WHOLE_TABLE else "_patient"
    columns["id"] = made["_id"]
    columns["subject"] = subjects(made[patient], context.authority, context.mrn_system)
    columns["record_type"] = pa.array([kind] * made.num_rows, pa.string())
    if table == WHOLE_TABLE:
        columns["resource"] = pa.array(lines.raws(made["_record"]), pa.binary()).cast(pa.string())
    if kind in NAMING and (table != WHOLE_TABLE or MAPPED_TYPES.get(kind) is None):
        resources = lines.raws(made["_record"])
        columns |= naming_columns(kind, made["_id"].to_pylist(), resources, context.accessions, context.base)
    if kind == "Patient":
        columns["updated"] = pc.if_else(pc.equal(made["_version"], ""), None, made["_version"])
    schema = TABLES[table]
    shaped = [
        _column(columns.get(declared.name), declared, kind, made.num_rows, context) for declared in schema
    ]
    return table, pa.table(shaped, schema=schema)


def _column(
    values: pa.ChunkedArray | pa.Array | None, declared: pa.Field, kind: str, rows: int, context: Context
) -> pa.ChunkedArray | pa.Array:
    """A column as it is declared: ids get their authority before them, and their type where a table holds several."""
    if values is None:
        return pa.nulls(rows, declared.type)
    meta = declared.metadata or {}
    if meta.get(b"action") != Action.ID.value.encode():
        return values.cast(declared.type)
    own = context.accessions.authority if meta.get(b"space") == b"accession" else ""
    prefix = (own or context.authority) + UNIT_SEPARATOR
    if meta.get(b"space") == b"Resource":
        prefix += kind + UNIT_SEPARATOR
    if not pa.types.is_list(declared.type):
        return _prefixed(prefix, values)
    lists = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return pa.ListArray.from_arrays(lists.offsets, _prefixed(prefix, lists.values))


def _prefixed(prefix: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(prefix, values, "", null_handling="emit_null")


def _key_rows(
    kind: str, ids: pa.Array, records: pa.Array, lines: Lines, context: Context
) -> tuple[pa.Array, pa.Array]:
    """`key.id63("owner", authority, kind, id)` and `key.id63("record-digest", line)`, a row each.

    The keyed states are made once and copied, which halves the time; the results are those of `Key.id63`.
    """
    owner = context.key.hasher("owner", 8)
    owner.update(f"{context.authority}{UNIT_SEPARATOR}{kind}{UNIT_SEPARATOR}".encode())
    content = context.key.hasher("record-digest", 8)
    return _digest_each(owner, ids.cast(pa.binary()).to_pylist()), _digest_each(content, lines.raws(records))


def _digest_each(state: hashlib.blake2b, values: Iterable[bytes]) -> pa.Array:
    """The positive 63-bit number of each value's digest, never 0; `state` is left as it was."""
    begin, found = state.copy, []
    for value in values:
        one = begin()
        one.update(value)
        found.append(one.digest())
    numbers = np.frombuffer(b"".join(found), ">u8") >> np.uint64(1)
    return pa.array(np.maximum(numbers, 1).astype(np.int64))
