"""Read a file's records into batches, one pass, memory bounded by a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connectors.vcf.columns import Genotypes, Values
from connectors.vcf.faithful import find_change
from connectors.vcf.fields import Field, Fields
from connectors.vcf.htslib import open_variants, step_through
from contracts.schemas import REJECTED, count_records
from contracts.schemas.vcf import FILE, RECORD

if TYPE_CHECKING:
    from pysam import VariantFile, VariantRecord

    from connectors.vcf.raw import RawFile
    from contracts.keys import Key

CELLS = 200_000
RECORDS = 20_000
PAYLOAD_LIMIT = 1 << 20
_DIGITS = 8


class Malformed(ValueError):
    """A record that is parsed, but not to be trusted. Its arguments: a reason code, and the field."""


def read_file(path: Path, key: Key) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The file's row, then its records and what of them is rejected, a batch at a time.

    Raises:
        Rejected: the file as a whole cannot be read; what came before is not to be kept.
    """
    with open_variants(path) as (raw, variants):
        yield "vcf.file", _file_row(raw, variants, key)
        reader = _Reader(variants, key, is_text=not raw.is_bcf)
        for index, (number, line, record) in enumerate(step_through(raw, variants)):
            reader.take(index, number, line, record)
            if reader.is_full:
                yield from reader.flush()
        yield from reader.flush()
        yield count_records(raw.count)


def _file_row(raw: RawFile, variants: VariantFile, key: Key) -> pa.RecordBatch:
    samples, contigs = list(variants.header.samples), [str(c) for c in variants.header.contigs]
    lengths = [variants.header.contigs[name].length for name in contigs]
    text = raw.header.decode("utf-8", errors="replace")
    first = text.split("\n", 1)[0].rstrip("\r")
    version = first.removeprefix("##fileformat=") if first.startswith("##fileformat=") else None
    digest = key.id63("vcf-file", *samples, "\x1e", *contigs)
    row = [[-1], [digest], [text], [version], [samples], [contigs], [[length or None for length in lengths]]]
    return pa.RecordBatch.from_arrays(
        [pa.array(value, kind) for value, kind in zip(row, FILE.types, strict=True)], schema=FILE
    )


def judge_file(raw: RawFile, variants: VariantFile) -> Iterator[tuple[str, str]]:
    """For each record the reason for which it would be rejected ("" for none) and where it is."""
    reader = _Reader(variants, None, is_text=not raw.is_bcf)
    for number, line, record in step_through(raw, variants):
        try:
            reader.parse(line, record)
        except Malformed as error:
            yield error.args[0], reader.where(number, error.args[1])
        else:
            yield "", reader.where(number, "")


@dataclass(frozen=True)
class _Parsed:
    """A record, its text as htslib writes it, the text's columns, its INFO by id and its FORMAT ids."""

    record: VariantRecord
    text: str
    columns: list[str]
    info: dict[str, str]
    keys: list[str]


@dataclass
class _Batch:
    """The records gathered so far, column by column."""

    width: int
    fixed: dict[str, list[Any]] = field(default_factory=lambda: {n: [] for n in RECORD.names[:-2]})
    values: dict[tuple[str, str], Values] = field(default_factory=dict)
    rejected: list[tuple[int, str, str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.genotypes = Genotypes(self.width)

    @property
    def size(self) -> int:
        return len(self.fixed["_record"])

    def of(self, declared: Field) -> Values:
        """Where the batch gathers a field's values."""
        place = (declared.place, declared.field_id)
        if place not in self.values:
            self.values[place] = Values(declared, self.width if declared.place == "format" else 1)
        return self.values[place]


class _Reader:
    def __init__(self, variants: VariantFile, key: Key | None, *, is_text: bool) -> None:
        self.samples = len(variants.header.samples)
        self.fields = Fields(variants.header)
        self.is_text = is_text
        self.limit = max(1, min(RECORDS, CELLS // max(1, self.samples)))
        self.batch = _Batch(self.samples)
        self._hasher = key.hasher("vcf-record", _DIGITS) if key else hashlib.blake2b(digest_size=_DIGITS)

    @property
    def is_full(self) -> bool:
        return self.batch.size >= self.limit or len(self.batch.rejected) >= self.limit

    def take(self, index: int, number: int, line: bytes, record: VariantRecord | None) -> None:
        """Add one record, or put it among the rejected."""
        try:
            parsed = self.parse(line, record)
        except Malformed as error:
            reason, where = error.args[0], self.where(number, error.args[1])
            self.batch.rejected.append((index, reason, where, line[:PAYLOAD_LIMIT]))
            return
        self._add(index, parsed)
        self._add_info(parsed, line)
        if self.samples:
            self._add_calls(parsed)

    def where(self, number: int, place: str) -> str:
        """Where in the file: by line in text, by record in BCF."""
        return f"{'line' if self.is_text else 'record'} {number} {place}".rstrip()

    def parse(self, line: bytes, record: VariantRecord | None) -> _Parsed:
        """Take a record apart.

        Raises:
            Malformed: it is not to be trusted.
        """
        if record is None:
            raise Malformed("malformed-record", "")
        try:
            text = str(record).rstrip("\n")
            columns = text.split("\t")
            if self.is_text:
                self._require_unchanged(line, text, columns)
        except UnicodeDecodeError:
            raise Malformed("not-utf8", "") from None
        keys = columns[8].split(":") if len(columns) > 8 and columns[8] not in {".", ""} else []
        if len(set(keys)) != len(keys):
            raise Malformed("duplicate-field", "FORMAT")
        return _Parsed(record, text, columns, _split_info(columns[7]), keys)

    def _require_unchanged(self, line: bytes, text: str, columns: list[str]) -> None:
        given = line.rstrip(b"\r\n").decode()
        if given == text:
            return
        if place := find_change(given, columns, self.samples, self.fields):
            raise Malformed("malformed-value", place)

    def _add(self, index: int, parsed: _Parsed) -> None:
        hasher: hashlib.blake2b = self._hasher.copy()
        hasher.update(parsed.text.encode())
        digest = int.from_bytes(hasher.digest(), "big") >> 1
        for values, value in zip(self.batch.fixed.values(), (index, digest, *_fixed(parsed)), strict=True):
            values.append(value)

    def _add_info(self, parsed: _Parsed, line: bytes) -> None:
        row = self.batch.size - 1
        for key, text in parsed.info.items():
            values = self.batch.values.get(("info", key)) or self.batch.of(self.fields.get("info", key))
            values.rows.append(row)
            if values.field.kind == "Float":
                values.entries.append(self._info_floats(parsed.record, key, text, line))
            else:
                values.entries.append(text)

    def _info_floats(
        self, record: VariantRecord, key: str, text: str, line: bytes
    ) -> tuple[float | None, ...]:
        """Floats of an INFO field; from the line itself where pysam refuses (`Number=G` in INFO)."""
        try:
            return _floats(record.info[key], text)
        except (ValueError, KeyError):
            if self.is_text:
                text = _split_info(line.split(b"\t")[7].decode().rstrip("\r\n"))[key]
            return _floats((), text)

    def _add_calls(self, parsed: _Parsed) -> None:
        row = self.batch.size - 1
        split = [sample.split(":") for sample in parsed.columns[9:]]
        for position, key in enumerate(parsed.keys):
            texts = [one[position] if position < len(one) else "." for one in split]
            if key == "GT":
                self.batch.genotypes.add(row, texts)
                continue
            values = self.batch.values.get(("format", key)) or self.batch.of(self.fields.get("format", key))
            values.rows.append(row)
            if values.field.kind == "Float":
                calls = [call[key] for call in parsed.record.samples.values()]
                values.entries.extend([_floats(v, t) for v, t in zip(calls, texts, strict=True)])
            else:
                values.entries.extend(texts)

    def flush(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """What was gathered, as batches; begins anew."""
        batch, self.batch = self.batch, _Batch(self.samples)
        if batch.size:
            yield "vcf.record", _to_arrow(batch, self.fields)
        if batch.rejected:
            columns = [list(column) for column in zip(*batch.rejected, strict=True)]
            yield (
                "rejected",
                pa.RecordBatch.from_pydict(dict(zip(REJECTED.names, columns, strict=True)), REJECTED),
            )


def _to_arrow(batch: _Batch, fields: Fields) -> pa.RecordBatch:
    """Fixed columns, then those of declared fields in htslib's order of ids, then those that nothing declares."""
    total = batch.size
    columns = {name: pa.array(values, RECORD.field(name).type) for name, values in batch.fixed.items()}
    columns |= batch.genotypes.columns(total)
    declared = [f for f in fields.declared if f.place == "info" or batch.width]
    empty: dict[str, pa.Array] = {f.column: pa.nulls(total, f.type) for f in declared}
    found: dict[str, pa.Array] = {}
    for values in batch.values.values():
        found |= values.columns(total)
    columns |= {name: found.get(name, nulls) for name, nulls in empty.items()}
    columns |= {name: found[name] for name in sorted(found.keys() - empty.keys())}
    schema = pa.schema(
        [RECORD.field(n) if n in RECORD.names else pa.field(n, a.type) for n, a in columns.items()],
        RECORD.metadata,
    )
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)


def _fixed(parsed: _Parsed) -> tuple[Any, ...]:
    contig, position, ids, reference, alternates, _, filters, _ = parsed.columns[:8]
    return (
        contig,
        int(position),
        max(parsed.record.stop, int(position)),
        None if ids == "." else ids.split(";"),
        reference,
        [] if alternates == "." else alternates.split(","),
        parsed.record.qual,
        None if filters == "." else [] if filters == "PASS" else filters.split(";"),
    )


def _split_info(info: str) -> dict[str, str]:
    if info == ".":
        return {}
    items = [item.partition("=") for item in info.split(";") if item]
    found = {key: value for key, _, value in items}
    if len(found) != len(items):
        raise Malformed("duplicate-field", "INFO")
    return found


def _floats(value: Any, text: str) -> tuple[float | None, ...]:
    """The values as htslib holds them; as many as the text has, since pysam pads and cuts by the declared number."""
    values = value if isinstance(value, tuple) else (value,)
    tokens = (text or ".").split(",")
    if len(values) == len(tokens):
        return values
    return tuple(None if token == "." else float(token) for token in tokens)
