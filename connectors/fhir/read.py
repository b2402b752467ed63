"""From a chunk of lines to source-shaped tables: split, sort by type, take the columns, key the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir.attachments import decode_notes
from connectors.fhir.engine import query
from connectors.fhir.lines import PAYLOAD_LIMIT, Chunk
from connectors.fhir.structure import OTHER, STRUCTURES, Structure
from connectors.fhir.types import CONTAINER_TYPES, MAPPED_TYPES, RESOURCE_TYPES
from contracts.identity import encode_subject
from contracts.keys import Key
from contracts.schemas import IGNORED, REJECTED
from contracts.schemas.fhir import TABLES

_PREFIX = r"""'^\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"'"""
_BLANK = b" \t\r\n"
UNIT_SEPARATOR = "\x1f"
WHOLE_TABLE = "fhir.other"
_BOM = b"\xef\xbb\xbf"

Batches = Iterator[tuple[str, pa.Table]]


@dataclass(frozen=True)
class Context:
    """What reading a unit's lines needs beside the lines."""

    authority: str
    zone: str
    key: Key


class Lines:
    """The lines of a chunk, addressed by their offset in the file.

    `table` has the columns `line` and `_record`; blank lines are left out, lines that are not UTF-8 are apart.
    """

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        data = chunk.data
        if chunk.offset == 0 and data.startswith(_BOM):
            data = b"   " + data[3:]
        self.data = data
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
        if not data.endswith(b"\n"):
            ends = np.append(ends, len(data))
        self.bounds = np.concatenate(([0], ends)).astype(np.int32)
        self.invalid: list[int] = []
        self.table = self._table()

    def _table(self) -> pa.Table:
        count = len(self.bounds) - 1
        lines = pa.StringArray.from_buffers(count, pa.py_buffer(self.bounds), pa.py_buffer(self.data))
        records = self.bounds[:-1].astype(np.int64) + self.chunk.offset
        short = np.flatnonzero(np.diff(self.bounds) <= 2)
        drop = [int(i) for i in short if not self._at(int(i)).strip(_BLANK)]
        try:
            lines.validate(full=True)
        except pa.ArrowInvalid:
            bad = [i for i in range(count) if not _is_utf8(self._at(i))]
            self.invalid = [int(records[i]) for i in bad]
            drop += bad
        table = pa.table({"line": lines, "_record": records})
        if drop:
            keep = np.ones(count, bool)
            keep[drop] = False
            table = table.filter(pa.array(keep))
        return table

    def _at(self, index: int) -> bytes:
        return self.data[self.bounds[index] : self.bounds[index + 1]]

    def raw(self, record: int) -> bytes:
        """The bytes of the line that begins at `record`, without surrounding white space."""
        start = record - self.chunk.offset
        end = self.data.find(b"\n", start)
        return self.data[start : end if end >= 0 else len(self.data)].strip(_BLANK)

    def raws(self, records: pa.ChunkedArray) -> list[bytes]:
        """The bytes of the lines that begin at `records`, without surrounding white space."""
        starts = records.to_numpy() - self.chunk.offset
        ends = self.bounds[np.searchsorted(self.bounds, starts, side="right")]
        data = self.data
        return [
            data[start:end].strip(_BLANK) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]

    def where(self, record: int) -> str:
        """`line N` where the number is known, else `byte N`."""
        if self.chunk.line is None:
            return f"byte {record}"
        return f"line {self.chunk.line + int(np.searchsorted(self.bounds, record - self.chunk.offset))}"

    def reject(self, records: list[int], reason: str) -> tuple[str, pa.Table]:
        """Rows of `rejected` for these lines."""
        columns = [
            records,
            [reason] * len(records),
            [self.where(record) for record in records],
            [self.raw(record)[:PAYLOAD_LIMIT] for record in records],
        ]
        return "rejected", pa.table(dict(zip(REJECTED.names, columns, strict=True)), schema=REJECTED)


def read_chunk(chunk: Chunk, context: Context) -> Batches:
    """Every line of the chunk, once: as a row of its table, rejected, or ignored. Blank lines are no records."""
    lines = Lines(chunk)
    if lines.invalid:
        yield lines.reject(lines.invalid, "invalid-utf8")
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


def _types(lines: Lines) -> pa.ChunkedArray:
    """The type of each line: told by its beginning, as nearly all exports have it, else by parsing."""
    early = query(f"SELECT regexp_extract(line, {_PREFIX}, 1) AS t FROM lines", lines.table)["t"]
    if not pc.any(pc.equal(early, "")).as_py():
        return early
    late = "coalesce(TRY(json_extract_string(line, '$.resourceType')), '')"
    sql = f"SELECT CASE t WHEN '' THEN {late} ELSE t END AS t FROM (SELECT line, "
    return query(f"{sql}regexp_extract(line, {_PREFIX}, 1) AS t FROM lines)", lines.table)["t"]


def _read_type(kind: str, rows: pa.Table, lines: Lines, context: Context) -> Batches:
    structure = STRUCTURES.get(kind, OTHER)
    found, rejected = _sift(query(structure.sql, rows), kind, lines)
    yield from rejected
    if found.num_rows:
        yield from _shape(found, structure, kind, lines, context)


def _sift(found: pa.Table, kind: str, lines: Lines) -> tuple[pa.Table, list[tuple[str, pa.Table]]]:
    """Take out what is not JSON, not FHIR, of no known type, or without an id."""
    apart = []
    valid = found["_valid"]
    if not pc.all(valid).as_py():
        wrong = found.filter(pc.invert(valid))["_record"].to_pylist()
        apart.append(lines.reject([record for record in wrong if lines.raw(record)], "invalid-json"))
        found = found.filter(valid)
    if kind == "":
        ignored = {"_record": found["_record"], "type": pa.array(["not-fhir"] * found.num_rows, pa.string())}
        return found.slice(0, 0), [*apart, ("ignored", pa.table(ignored).cast(IGNORED))]
    reason = "unknown-resource-type" if kind not in RESOURCE_TYPES else ""
    reason = "container-resource" if kind in CONTAINER_TYPES else reason
    if reason:
        return found.slice(0, 0), [*apart, lines.reject(found["_record"].to_pylist(), reason)]
    named = pc.fill_null(pc.greater(pc.binary_length(found["$.id"]), 0), False)
    if not pc.all(named).as_py():
        apart.append(lines.reject(found.filter(pc.invert(named))["_record"].to_pylist(), "missing-id"))
        found = found.filter(named)
    return found, apart


def _shape(found: pa.Table, structure: Structure, kind: str, lines: Lines, context: Context) -> Batches:
    """Rows of the type's table; documents without text inside stay whole, as unmapped."""
    made = structure.columns(found, context.zone)
    made["_record"] = found["_record"].combine_chunks()
    if kind != "DocumentReference":
        yield _finish(pa.table(made), kind, MAPPED_TYPES.get(kind, WHOLE_TABLE), lines, context)
        return
    records = made["_record"].to_pylist()
    notes = decode_notes(made, found["_decoded"].combine_chunks(), lambda row: lines.raw(records[row]))
    rows = pa.table({**made, **notes.columns})
    if notes.undecodable:
        yield lines.reject([records[row] for row in notes.undecodable], "attachment-undecodable")
    if notes.whole:
        whole = rows.take(notes.whole)
        yield _finish(whole.append_column("patient", whole["_patient"]), kind, WHOLE_TABLE, lines, context)
    if notes.whole or notes.undecodable:
        apart = {*notes.whole, *notes.undecodable}
        rows = rows.take(pa.array([row for row in range(rows.num_rows) if row not in apart], pa.int64()))
    if rows.num_rows:
        yield _finish(rows, kind, MAPPED_TYPES[kind], lines, context)


def _finish(made: pa.Table, kind: str, table: str, lines: Lines, context: Context) -> tuple[str, pa.Table]:
    """Key the rows, encode ids and subjects, and bring them into the table's schema."""
    columns = {name: made[name] for name in made.column_names}
    columns["_owner"], columns["_digest"] = _key_rows(kind, made["_id"], made["_record"], lines, context)
    prefix = context.authority + UNIT_SEPARATOR
    patient = "_id" if kind == "Patient" else "patient" if table == WHOLE_TABLE else "_patient"
    typed = prefix if table != WHOLE_TABLE else f"{prefix}{kind}{UNIT_SEPARATOR}"
    columns["id"] = _prefixed(typed, made["_id"])
    columns["subject"] = _prefixed(encode_subject(context.authority, "", "fhir"), made[patient])
    if "encounter" in columns:
        columns["encounter"] = _prefixed(prefix, columns["encounter"])
    if table == WHOLE_TABLE:
        columns["record_type"] = pa.array([kind] * made.num_rows, pa.string())
        columns["resource"] = pa.array(lines.raws(made["_record"]), pa.binary()).cast(pa.string())
    if kind == "Patient":
        columns["updated"] = pc.if_else(pc.equal(made["_version"], ""), None, made["_version"])
    schema = TABLES[table]
    return table, pa.table({name: columns[name] for name in schema.names}).cast(schema)


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


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
