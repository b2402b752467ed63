"""From a VCF's source rows to de-identified rows of the genomics tables.

Ids that depend on the whole file are unknown while it streams: `file_id` and `record_id` are 0 in staged rows, and
`finish` fills them in when the file is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.keys import Key
from contracts.schemas.genomics import CALL, FILE, FINDING, REFERENCE_BLOCK, SAMPLE, VARIANT
from tasks.vcf.assembly import detect_assembly
from tasks.vcf.contigs import harmonise_contig
from tasks.vcf.header import reduce_header
from tasks.vcf.keys import allele_columns, variant_ids
from tasks.vcf.normalise.alleles import check_reference
from tasks.vcf.normalise.reference import FileReference, Referring, read_options
from tasks.vcf.policy import VariantPolicy, person_of
from tasks.vcf.tokens import Knowing, Tokens

REFERENCE_MISMATCH = "reference-mismatch"
"""The reason code of a record whose REF is not what the reference has there."""
_OWN = ("_record", "_digest")
_BLOCKS = frozenset(["<NON_REF>", "<*>"])
_MASK = np.uint64((1 << 63) - 1)


def standardise(tables: dict[str, pa.Table], deid: Knowing) -> dict[str, pa.Table]:
    """De-identify and standardise one batch.

    Args:
        tables: source rows by table: `vcf.file`, `vcf.record` or `vcf.finding`, as the connector emits them (cleaned,
            not de-identified: that happens here).
        deid: the unit's key, people and authority.

    Returns:
        Rows of `genomics.file` and `genomics.sample`, of `genomics.finding`, or of `genomics.variant`, `genomics.call`
        and, where there are any, `genomics.reference_block`, with `_record` and `_digest`. A record without calls
        has no row in `genomics.call`; a reference block has one in `genomics.reference_block` alone.
    """
    found: dict[str, pa.Table] = {}
    for name, rows in tables.items():
        rows = rows.combine_chunks()
        found |= _OF[name](rows, deid)
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
    if table in {"genomics.variant", "genomics.call", "genomics.reference_block"}:
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


def unmix_record_ids(owner: int, ids: np.ndarray) -> np.ndarray:
    """From the ids of a file's records back to their numbers: the steps of `mix_record_ids`, undone."""
    with np.errstate(over="ignore"):
        start = _mix(np.array([owner], dtype=np.uint64))
        found: np.ndarray = ((_unmix(ids.astype(np.uint64)) - start) & _MASK).astype(np.int64)
    return found


def _mix(values: np.ndarray) -> np.ndarray:
    mixed = (values + np.uint64(0x1E3779B97F4A7C15)) & _MASK
    mixed = ((mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)) & _MASK
    mixed = ((mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)) & _MASK
    result: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return result


def _unmix(mixed: np.ndarray) -> np.ndarray:
    values = (_unshift(mixed, 31) * np.uint64(pow(0x94D049BB133111EB, -1, 1 << 63))) & _MASK
    values = (_unshift(values, 27) * np.uint64(pow(0xBF58476D1CE4E5B9, -1, 1 << 63))) & _MASK
    result: np.ndarray = (_unshift(values, 30) - np.uint64(0x1E3779B97F4A7C15)) & _MASK
    return result


def _unshift(values: np.ndarray, by: int) -> np.ndarray:
    """Undoes `values ^ (values >> by)`."""
    found = values
    for shift in range(by, 63, by):
        found = found ^ (values >> np.uint64(shift))
    return found


@dataclass
class _File:
    """What a file's header tells of its records.

    Attributes:
        tokens: of the unit's people.
        assembly: "" where it is unknown.
        contigs: harmonised names by those that the file has.
        reference: the sequences that its alleles are aligned to, if any.
    """

    tokens: Tokens
    assembly: str = ""
    contigs: dict[str, str] = field(default_factory=dict)
    reference: FileReference | None = None


_known: WeakKeyDictionary[Knowing, _File] = WeakKeyDictionary()
_referring: WeakKeyDictionary[Knowing, Referring] = WeakKeyDictionary()
_policies: WeakKeyDictionary[Knowing, VariantPolicy] = WeakKeyDictionary()


def refer(deid: Knowing, options: Mapping[str, str], policy: VariantPolicy | None = None) -> None:
    """Align the alleles of what this de-identifier is handed with to the references that a source's options name, and
    treat samples of nobody known as the policy says.

    Raises:
        Fatal: an option is wrong; see `tasks.vcf.normalise.reference`.
    """
    _referring[deid] = read_options(options)
    _policies[deid] = policy or VariantPolicy()


def refused(deid: Knowing, staged: Mapping[str, pa.Table]) -> dict[int, str]:
    """Records (by `_record`) whose REF is not the reference's, where the source's options hold them back, with why."""
    if deid not in _referring or not _referring[deid].rejects:
        return {}
    found: dict[int, str] = {}
    for table in ("genomics.variant", "genomics.reference_block"):
        if table in staged:
            rows = staged[table]
            differing = rows.filter(pc.equal(rows["reference_matches"], False))
            found |= dict.fromkeys(differing["_record"].to_pylist(), REFERENCE_MISMATCH)
    return found


def _file(deid: Knowing) -> _File:
    if deid not in _known:
        _known[deid] = _File(Tokens(deid.people))
    return _known[deid]


def _of_file(rows: pa.Table, deid: Knowing) -> dict[str, pa.Table]:
    """Rows of `genomics.file` and `genomics.sample`.

    Raises:
        Rejected: the policy holds files with samples of nobody known.
    """
    files, samples = [], []
    for row in rows.to_pylist():
        _policies.get(deid, VariantPolicy()).check(deid.source_authority, row["samples"], deid.people)
        own = {name: row[name] for name in _OWN}
        ids = [deid.key.id63("sample", deid.source_authority, name) for name in row["samples"]]
        contigs = dict(zip(row["contigs"], row["contig_lengths"], strict=True))
        header = reduce_header(
            row["header"],
            ids,
            Tokens(deid.people, row["samples"]),
            lambda name: deid.key.id63("sample", deid.source_authority, name),
        )
        assembly = detect_assembly(contigs.items())
        names = {name: harmonise_contig(name, length) for name, length in contigs.items()}
        referring = _referring.get(deid)
        reference = referring.of_file(assembly, contigs, row["header"]) if referring else None
        _known[deid] = _File(Tokens(deid.people), assembly or "", names, reference)
        files.append(
            {
                "file_id": 0,
                "format_version": row["format_version"],
                "assembly": assembly,
                "header": header,
                "number_of_samples": len(ids),
                "number_of_records": 0,
                **own,
            }
        )
        for index, (name, sample_id) in enumerate(zip(row["samples"], ids, strict=True)):
            person = person_of(deid.source_authority, name, deid.people)
            who = {"sample_id": sample_id, "person_id": person}
            samples.append({"file_id": 0, "sample_index": index, **who, **own})
    return {
        "genomics.file": pa.Table.from_pylist(files, _with_own(FILE)),
        "genomics.sample": pa.Table.from_pylist(samples, _with_own(SAMPLE)),
    }


def _of_findings(rows: pa.Table, deid: Knowing) -> dict[str, pa.Table]:
    """Rows of `genomics.finding`."""
    columns = {name: rows[name] for name in (*FINDING.names, *_OWN) if name in rows.schema.names}
    columns["file_id"] = pa.array(np.zeros(rows.num_rows, dtype=np.int64))
    columns["finding_index"] = pa.array(np.arange(rows.num_rows, dtype=np.int32))
    columns["field"] = _file(deid).tokens.scrub_column(_array(rows, "field"))
    return {"genomics.finding": pa.table(columns).select([*FINDING.names, *_OWN]).cast(_with_own(FINDING))}


def _of_records(rows: pa.Table, deid: Knowing) -> dict[str, pa.Table]:
    """Rows of `genomics.variant` and `genomics.call`, and of `genomics.reference_block` where there are any."""
    file = _file(deid)
    alternates = pc.binary_join(_array(rows, "alternates"), ",")
    blocks = _reference_blocks(alternates)
    found: dict[str, pa.Table] = {}
    if count := blocks.true_count:
        told = rows if count == rows.num_rows else rows.filter(blocks)
        fixed = {**_places(told, file), **_genotypes(told)}
        found["genomics.reference_block"] = _opened(
            REFERENCE_BLOCK, fixed, told, ("info_", "format_"), file.tokens, deid.key
        )
        rows, alternates = rows.filter(pc.invert(blocks)), alternates.filter(pc.invert(blocks))
    variant = _places(rows, file)
    variant["variant_id"] = variant_ids(file.assembly, variant["contig"], variant, alternates, deid.key)
    variant |= allele_columns(file.assembly, variant["contig"], variant, deid.key, file.reference)
    calls = _opened(CALL, _genotypes(rows), rows, ("format_",), file.tokens, deid.key)
    had = _have_calls(calls)
    return {
        "genomics.variant": _opened(VARIANT, variant, rows, ("info_",), file.tokens, deid.key),
        "genomics.call": calls if had is None else calls.filter(had),
        **found,
    }


_OF = {"vcf.file": _of_file, "vcf.record": _of_records, "vcf.finding": _of_findings}


def _places(rows: pa.Table, file: _File) -> dict[str, pa.Array]:
    """The columns that tell where a record stands and what it says."""
    tokens = file.tokens
    zeros = pa.array(np.zeros(rows.num_rows, dtype=np.int64))
    stated = tokens.scrub_column(_array(rows, "contig")).dictionary_encode()
    names = [file.contigs.get(name) or harmonise_contig(name) for name in stated.dictionary.to_pylist()]
    contigs = pa.array(names, pa.string()).take(stated.indices)
    positions, references = _array(rows, "position"), _array(rows, "reference")
    return {
        "record_id": zeros,
        "file_id": zeros,
        "record_index": rows["_record"],
        "assembly": pa.repeat(pa.scalar(file.assembly or None, pa.string()), rows.num_rows),
        "contig": contigs,
        "contig_stated": stated.cast(pa.string()),
        "position": positions,
        "end_position": rows["end_position"],
        "identifiers": tokens.scrub_column(_array(rows, "identifiers")),
        "reference": references,
        "alternates": _array(rows, "alternates"),
        "quality_phred": rows["quality"],
        "filters": tokens.scrub_column(_array(rows, "filters")),
        "reference_matches": check_reference(contigs, positions, references, file.reference),
    }


def _genotypes(rows: pa.Table) -> dict[str, pa.Array]:
    zeros = pa.array(np.zeros(rows.num_rows, dtype=np.int64))
    return {"record_id": zeros, "file_id": zeros, "genotype": rows["genotype"], "phased": rows["phased"]}


def _opened(
    schema: pa.Schema,
    fixed: dict[str, pa.Array],
    rows: pa.Table,
    prefixes: tuple[str, ...],
    tokens: Tokens,
    key: Key,
) -> pa.Table:
    """The fixed columns, those that the file's header declares, and the reserved ones."""
    columns = [fixed[name] for name in schema.names]
    fields = list(schema)
    for name in rows.schema.names:
        if name.startswith(prefixes):
            prefix = "info_" if name.startswith("info_") else "format_"
            columns.append(tokens.scrub_column(_array(rows, name)))
            fields.append(pa.field(_safe_name(name, prefix, tokens, key), rows.schema.field(name).type))
    for name in _OWN:
        columns.append(rows[name])
        fields.append(pa.field(name, pa.int64()))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _safe_name(name: str, prefix: str, tokens: Tokens, key: Key) -> str:
    """A column whose id holds somebody's token gets a keyed name: some tools name fields after samples."""
    return name if tokens.scrub(name) == name else f"{prefix}x{key.digest('vcf-field', name)[:16]}"


def _have_calls(calls: pa.Table) -> pa.Array | None:
    """Which records have calls; None where all of them have."""
    found = np.zeros(calls.num_rows, dtype=bool)
    for name in calls.schema.names:
        if name == "genotype" or name.startswith("format_"):
            if calls.num_rows and not calls[name].null_count:
                return None
            found |= np.asarray(pc.is_valid(calls[name]))
    return pa.array(found)


def _reference_blocks(alternates: pa.Array) -> pa.Array:
    """Whether every alternate only stands for whatever else could be there (VCF 4.5, section 5.5)."""
    coded = alternates.dictionary_encode()
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
