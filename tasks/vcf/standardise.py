"""From a VCF's source rows to de-identified rows of the genomics tables.

Ids that depend on the whole file are unknown while it streams: `file_id` and `record_id` are 0 in staged rows, and
`finish` fills them in when the file is published.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.identity import encode_subject
from contracts.keys import Key
from contracts.schemas.genomics import CALL, FILE, SAMPLE, VARIANT
from tasks.vcf.assembly import detect_assembly
from tasks.vcf.header import reduce_header
from tasks.vcf.tokens import Knowing, Tokens

_OWN = ("_record", "_digest")
_BLOCKS = frozenset(["<NON_REF>", "<*>"])
_MASK = np.uint64((1 << 63) - 1)
_known: WeakKeyDictionary[Knowing, Tokens] = WeakKeyDictionary()


def standardise(tables: dict[str, pa.Table], deid: Knowing) -> dict[str, pa.Table]:
    """De-identify and standardise one batch.

    Args:
        tables: source rows by table: `vcf.file` or `vcf.record`, as the connector emits them (cleaned, not
            de-identified: that happens here).
        deid: the unit's key, people and authority.

    Returns:
        Rows of `genomics.file` and `genomics.sample`, or of `genomics.variant` and `genomics.call`, with `_record`
        and `_digest`. A record without calls has no row in `genomics.call`.
    """
    found: dict[str, pa.Table] = {}
    for name, rows in tables.items():
        rows = rows.combine_chunks()
        found |= _of_file(rows, deid) if name == "vcf.file" else _of_records(rows, deid)
    return found


def finish(table: str, rows: pa.Table, owner: int, *, records: int = 0) -> pa.Table:
    """Fill in what only the whole file tells.

    Args:
        table: the lake table.
        rows: its staged rows, with `_record`.
        owner: the file's owner, which becomes its `file_id`.
        records: how many records of the file were accepted.
    """
    rows = _replace(rows, "file_id", pa.array(np.full(rows.num_rows, owner, dtype=np.int64)))
    if table == "genomics.file":
        return _replace(rows, "number_of_records", pa.array(np.full(rows.num_rows, records, dtype=np.int64)))
    if table in {"genomics.variant", "genomics.call"}:
        return _replace(rows, "record_id", pa.array(mix_record_ids(owner, rows["_record"].to_numpy())))
    return rows


def mix_record_ids(owner: int, records: np.ndarray) -> np.ndarray:
    """Ids of a file's records: a SplitMix64-like mix of owner and number, cut to 63 bits after each step.

    Each step is a bijection of 63-bit numbers, so that two records of one file never share an id. Never 0 or negative.
    """
    with np.errstate(over="ignore"):
        start = _mix(np.array([owner], dtype=np.uint64))
        mixed = _mix((start + records.astype(np.uint64)) & _MASK)
    return np.where(mixed == 0, _MASK, mixed).astype(np.int64)


def _mix(values: np.ndarray) -> np.ndarray:
    mixed = (values + np.uint64(0x1E3779B97F4A7C15)) & _MASK
    mixed = ((mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)) & _MASK
    mixed = ((mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)) & _MASK
    result: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return result


def _tokens(deid: Knowing) -> Tokens:
    if deid not in _known:
        _known[deid] = Tokens(deid.people)
    return _known[deid]


def _of_file(rows: pa.Table, deid: Knowing) -> dict[str, pa.Table]:
    """Rows of `genomics.file` and `genomics.sample`."""
    files, samples = [], []
    for row in rows.to_pylist():
        own = {name: row[name] for name in _OWN}
        ids = [deid.key.id63("sample", deid.source_authority, name) for name in row["samples"]]
        contigs = zip(row["contigs"], row["contig_lengths"], strict=True)
        header = reduce_header(row["header"], ids, Tokens(deid.people, row["samples"]))
        files.append(
            {
                "file_id": 0,
                "format_version": row["format_version"],
                "assembly": detect_assembly(contigs),
                "header": header,
                "number_of_samples": len(ids),
                "number_of_records": 0,
                **own,
            }
        )
        for index, (name, sample_id) in enumerate(zip(row["samples"], ids, strict=True)):
            person = deid.people.get(encode_subject(deid.source_authority, name))
            who = {"sample_id": sample_id, "person_id": person.person_id if person else None}
            samples.append({"file_id": 0, "sample_index": index, **who, **own})
    return {
        "genomics.file": pa.Table.from_pylist(files, _with_own(FILE)),
        "genomics.sample": pa.Table.from_pylist(samples, _with_own(SAMPLE)),
    }


def _of_records(rows: pa.Table, deid: Knowing) -> dict[str, pa.Table]:
    """Rows of `genomics.variant` and `genomics.call`."""
    tokens = _tokens(deid)
    zeros = pa.array(np.zeros(rows.num_rows, dtype=np.int64))
    alternates = pc.binary_join(rows["alternates"], ",")
    variant = {
        "record_id": zeros,
        "variant_id": _variant_ids(rows, alternates, deid.key),
        "file_id": zeros,
        "record_index": rows["_record"],
        "contig": tokens.scrub_column(_array(rows, "contig")),
        "position": rows["position"],
        "end_position": rows["end_position"],
        "identifiers": tokens.scrub_column(_array(rows, "identifiers")),
        "reference": rows["reference"],
        "alternates": rows["alternates"],
        "quality_phred": rows["quality"],
        "filters": tokens.scrub_column(_array(rows, "filters")),
        "is_reference_block": _reference_blocks(alternates),
    }
    call = {"record_id": zeros, "file_id": zeros, "genotype": rows["genotype"], "phased": rows["phased"]}
    calls = _opened(CALL, call, rows, "format_", tokens, deid.key)
    return {
        "genomics.variant": _opened(VARIANT, variant, rows, "info_", tokens, deid.key),
        "genomics.call": calls.filter(_have_calls(calls)),
    }


def _opened(
    schema: pa.Schema, fixed: dict[str, pa.Array], rows: pa.Table, prefix: str, tokens: Tokens, key: Key
) -> pa.Table:
    """The fixed columns, those that the file's header declares, and the reserved ones."""
    columns = [fixed[name] for name in schema.names]
    fields = list(schema)
    for name in rows.schema.names:
        if name.startswith(prefix):
            columns.append(tokens.scrub_column(_array(rows, name)))
            fields.append(pa.field(_safe_name(name, prefix, tokens, key), rows.schema.field(name).type))
    for name in _OWN:
        columns.append(rows[name])
        fields.append(pa.field(name, pa.int64()))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _safe_name(name: str, prefix: str, tokens: Tokens, key: Key) -> str:
    """A column whose id holds somebody's token gets a keyed name: some tools name fields after samples."""
    return name if tokens.scrub(name) == name else f"{prefix}x{key.digest('vcf-field', name)[:16]}"


def _have_calls(calls: pa.Table) -> pa.ChunkedArray:
    told = [pc.is_valid(calls[n]) for n in calls.schema.names if n == "genotype" or n.startswith("format_")]
    found = told[0]
    for one in told[1:]:
        found = pc.or_(found, one)
    return found


def _variant_ids(rows: pa.Table, alternates: pa.ChunkedArray, key: Key) -> pa.Array:
    parts = (rows["contig"], rows["position"], rows["reference"], alternates)
    places = zip(*(part.to_pylist() for part in parts), strict=True)
    return pa.array([key.id63("variant", c, str(p), r, a) for c, p, r, a in places], pa.int64())


def _reference_blocks(alternates: pa.ChunkedArray) -> pa.Array:
    """Whether every alternate only stands for whatever else could be there (VCF 4.5, section 5.5)."""
    coded = pc.dictionary_encode(alternates).combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0)
    distinct = [bool(text) and set(text.split(",")) <= _BLOCKS for text in coded.dictionary.to_pylist()]
    return pa.array(distinct, pa.bool_()).take(coded.indices)


def _array(rows: pa.Table, name: str) -> pa.Array:
    column = rows[name]
    return (
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays(column.chunks or [pa.array([], column.type)])
    )


def _with_own(schema: pa.Schema) -> pa.Schema:
    return pa.schema([*schema, *(pa.field(name, pa.int64()) for name in _OWN)])


def _replace(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    index = rows.schema.get_field_index(name)
    return rows.set_column(index, rows.schema.field(index), values)
