"""From a chunk of lines to source-shaped tables: split, sort by type, take the columns, key the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir.attachments import decode_attachments
from connectors.fhir.engine import query
from connectors.fhir.lines import PAYLOAD_LIMIT, Chunk
from connectors.fhir.macros import UNIT_SEPARATOR
from connectors.fhir.structure import OTHER, STRUCTURES
from connectors.fhir.types import CONTAINER_TYPES, MAPPED_TYPES, RESOURCE_TYPES
from contracts.identity import encode_subject
from contracts.keys import Key
from contracts.schemas import IGNORED, REJECTED
from contracts.schemas.fhir import TABLES

_PREFIX = r"""'^\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"'"""
_BLANK = b" \t\r\n"
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
    types = _types(lines, context)
    for kind in pc.unique(types).to_pylist():
        rows = lines.table if pc.all(pc.equal(types, kind)).as_py() else lines.table.filter(pc.equal(types, kind))
        yield from _read_type(kind, rows, lines, context)


def _types(lines: Lines, context: Context) -> pa.ChunkedArray:
    """The type of each line: told by its beginning, as nearly all exports have it, else by parsing."""
    early = query(context.zone, f"SELECT regexp_extract(line, {_PREFIX}, 1) AS t FROM lines", lines.table)["t"]
    if not pc.any(pc.equal(early, "")).as_py():
        return early
    late = "coalesce(code_of(TRY(json_extract_string(line, '$.resourceType'))), '')"
    sql = f"SELECT CASE t WHEN '' THEN {late} ELSE t END AS t FROM (SELECT line, "
    return query(context.zone, f"{sql}regexp_extract(line, {_PREFIX}, 1) AS t FROM lines)", lines.table)["t"]


def _read_type(kind: str, rows: pa.Table, lines: Lines, context: Context) -> Batches:
    if kind in MAPPED_TYPES:
        found = query(context.zone, STRUCTURES[kind].select(), rows)
    else:
        found = query(context.zone, OTHER.select(), rows)
    found, rejected = _sift(found, kind, lines)
    yield from rejected
    if found.num_rows:
        yield from _shape(found, kind, lines, context)


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
    named = pc.fill_null(pc.greater(pc.binary_length(found["_id"]), 0), False)
    if not pc.all(named).as_py():
        apart.append(lines.reject(found.filter(pc.invert(named))["_record"].to_pylist(), "missing-id"))
        found = found.filter(named)
    return found, apart


def _shape(found: pa.Table, kind: str, lines: Lines, context: Context) -> Batches:
    """Rows of the type's table; documents without a note inside stay whole, as unmapped."""
    table = MAPPED_TYPES.get(kind, "fhir.other")
    if kind == "DocumentReference":
        inline = found["_inline"]
        if not pc.all(inline).as_py():
            whole = found.filter(pc.invert(inline)).append_column("patient", found.filter(pc.invert(inline))["_patient"])
            yield "fhir.other", _finish(whole, kind, "fhir.other", lines, context)
            found = found.filter(inline)
        found, undecodable = decode_attachments(found)
        if undecodable:
            yield lines.reject(undecodable, "attachment-undecodable")
    if found.num_rows:
        yield table, _finish(found, kind, table, lines, context)


def _finish(found: pa.Table, kind: str, table: str, lines: Lines, context: Context) -> pa.Table:
    """Key the rows, encode ids and subjects, and bring them into the table's schema."""
    ids = found["_id"].to_pylist()
    records = found["_record"].to_pylist()
    owners, digests = _key_rows(kind, ids, [lines.raw(record) for record in records], context)
    prefix = context.authority + UNIT_SEPARATOR
    patient = {"Patient": "_id"}.get(kind, "patient" if table == "fhir.other" else "_patient")
    columns = {
        **{name: found[name] for name in found.column_names if not name.startswith("_")},
        "_record": found["_record"],
        "_version": found["_version"],
        "_owner": pa.array(owners, pa.int64()),
        "_digest": pa.array(digests, pa.int64()),
        "id": _prefixed(prefix if table != "fhir.other" else f"{prefix}{kind}{UNIT_SEPARATOR}", found["_id"]),
        "subject": _prefixed(encode_subject(context.authority, "", "fhir"), found[patient]),
    }
    if "encounter" in columns:
        columns["encounter"] = _prefixed(prefix, columns["encounter"])
    if table == "fhir.other":
        columns["record_type"] = pa.array([kind] * found.num_rows, pa.string())
        columns["resource"] = pa.array([lines.raw(record) for record in records], pa.binary()).cast(pa.string())
    schema = TABLES[table]
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)


def _prefixed(prefix: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(prefix, values, "", null_handling="emit_null")


def _key_rows(kind: str, ids: list[str], raws: list[bytes], context: Context) -> tuple[list[int], list[int]]:
    """`key.id63("owner", authority, kind, id)` and `key.id63("record-digest", line)`, a row each.

    The states are copied and not made anew, which halves the time; the results are those of `Key.id63`.
    """
    owner = context.key.hasher("owner", 8)
    owner.update(f"{context.authority}{UNIT_SEPARATOR}{kind}{UNIT_SEPARATOR}".encode())
    content = context.key.hasher("record-digest", 8)
    return [_id63(owner, i.encode()) for i in ids], [_id63(content, raw) for raw in raws]


def _id63(state: object, value: bytes) -> int:
    state = state.copy()  # type: ignore[attr-defined]
    state.update(value)
    return int.from_bytes(state.digest(), "big") >> 1 or 1


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
