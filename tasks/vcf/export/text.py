"""Lines of VCF (version 4.x, section 1.6) from columns, a batch at a time, without a loop over records.

Floats are written in the shortest form that reads back to the same bits. A field that is null is absent from the
record; a missing value is `.`; missing values at the end of a sample are written out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.vcf.export.fields import Column, Declared

_MISSING = pa.scalar(".", pa.string())
_GENOTYPE = "format_GT"
"""Holds genotypes as they stood, for records of which allele indexes and one phase a call do not tell all."""


def write_lines(rows: pa.Table, declared: Declared, samples: Sequence[int], width: int) -> bytes:
    """The lines of these records.

    Args:
        rows: columns of `genomics.variant` and `genomics.call`, one row a record.
        declared: the file's fields.
        samples: indexes of the samples to write, none for a file of sites alone.
        width: how many samples the file has.
    """
    rows = rows.combine_chunks()
    columns = [*_places(rows), _info(rows, declared)]
    if samples:
        columns += _calls(rows, declared, samples, width)
    lines = pc.binary_join_element_wise(*columns, "\t")
    whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    return bytes(pc.binary_join(whole, "\n")[0].as_buffer()) + b"\n" if len(lines) else b""


def _places(rows: pa.Table) -> list[pa.Array]:
    filters = _joined(_array(rows, "filters"), ";")
    return [
        _array(rows, "contig_stated"),
        _array(rows, "position").cast(pa.string()),
        pc.fill_null(_joined(_array(rows, "identifiers"), ";"), "."),
        _array(rows, "reference"),
        _if_empty(_joined(_array(rows, "alternates"), ","), "."),
        pc.fill_null(_array(rows, "quality_phred").cast(pa.string()), "."),
        pc.fill_null(_if_empty(filters, "PASS"), "."),
    ]


def _info(rows: pa.Table, declared: Declared) -> pa.Array:
    items = [_info_items(rows, column) for column in declared.of("info", rows.schema.names)]
    if not items:
        return pa.repeat(_MISSING, rows.num_rows)
    return _joined_known(items, ";")


def _info_items(rows: pa.Table, column: Column) -> pa.Array:
    """`KEY=value`, `KEY` for a flag and an empty list, null where the record lacks the field."""
    if pa.types.is_boolean(rows.schema.field(column.names[0]).type):
        flags = pc.fill_null(_array(rows, column.names[0]), False)
        return pc.if_else(flags, pa.scalar(column.field_id), pa.scalar(None, pa.string()))
    values = pc.coalesce(*(_value_texts(_array(rows, name)) for name in column.names))
    return pc.binary_join_element_wise(pa.scalar(column.field_id), values, "")


def _value_texts(values: pa.Array) -> pa.Array:
    """`=value`, nothing for an empty list, null where the record lacks the field."""
    if not pa.types.is_list(values.type):
        return pc.binary_join_element_wise("=", values.cast(pa.string()), "")
    told = pc.binary_join_element_wise("=", _joined(values, ","), "")
    return pc.if_else(pc.equal(pc.list_value_length(values), 0), pa.scalar(""), told)


def _calls(rows: pa.Table, declared: Declared, samples: Sequence[int], width: int) -> list[pa.Array]:
    """FORMAT, and the samples' values with tabs between."""
    chosen = _Chosen(rows.num_rows, np.asarray(samples, dtype=np.int64), width)
    keys, values = [], []
    if "genotype" in rows.schema.names or _GENOTYPE in rows.schema.names:
        genotypes = _genotypes(rows, chosen)
        keys.append(_key("GT", chosen.known(genotypes)))
        values.append(genotypes)
    for column in declared.of("format", [name for name in rows.schema.names if name != _GENOTYPE]):
        texts = [_flat_texts(_array(rows, name), chosen) for name in column.names]
        flat = texts[0] if len(texts) == 1 else pc.coalesce(*texts)
        keys.append(_key(column.field_id, chosen.known(flat)))
        values.append(flat)
    if not keys:
        return [pa.repeat(_MISSING, rows.num_rows), chosen.joined(pa.repeat(_MISSING, chosen.size))]
    return [_joined_known(keys, ":"), chosen.joined(_joined_known(values, ":"))]


class _Chosen:
    """From lists with one entry a sample to flat columns of the chosen samples' entries, and back to lines."""

    def __init__(self, rows: int, samples: np.ndarray, width: int) -> None:
        self._rows, self._samples, self._width = rows, samples, width
        self.size = rows * len(samples)
        self._all = bool(np.array_equal(samples, np.arange(width)))

    def flat(self, lists: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
        """The entries, null for records without; and which records have any (None: all)."""
        known = None if not lists.null_count else np.asarray(pc.is_valid(lists))
        if known is None and self._all:
            return lists.flatten(), None
        starts = np.cumsum(np.ones(self._rows) if known is None else known).astype(np.int64) - 1
        index = (starts[:, None] * self._width + self._samples[None, :]).ravel()
        without = None if known is None else np.repeat(~known, len(self._samples))
        return lists.flatten().take(pa.array(index, mask=without)), known

    def spread(self, known: np.ndarray | None, entries: pa.Array) -> pa.Array:
        """Missing entries become `.`, those of records without the field stay null."""
        filled = pc.fill_null(entries, ".")
        if known is None:
            return filled
        return pc.if_else(
            pa.array(np.repeat(known, len(self._samples))), filled, pa.scalar(None, pa.string())
        )

    def known(self, flat: pa.Array) -> pa.Array:
        """Which records have the field, by their first entries."""
        return pc.is_valid(flat.take(pa.array(np.arange(self._rows) * len(self._samples))))

    def joined(self, entries: pa.Array) -> pa.Array:
        """Each record's entries, with tabs between."""
        offsets = np.arange(self._rows + 1, dtype=np.int32) * len(self._samples)
        return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), entries), "\t")


def _genotypes(rows: pa.Table, chosen: _Chosen) -> pa.Array:
    """GT of each chosen sample; null for records without."""
    stated = _flat_texts(_array(rows, _GENOTYPE), chosen) if _GENOTYPE in rows.schema.names else None
    if "genotype" not in rows.schema.names:
        return stated
    alleles, known = chosen.flat(_array(rows, "genotype"))
    if "phased" in rows.schema.names:
        phased, _ = chosen.flat(_array(rows, "phased"))
    else:
        phased = pa.nulls(len(alleles), pa.bool_())
    texts = _joined(alleles, pc.if_else(pc.fill_null(phased, False), "|", "/"))
    alone = pc.and_(pc.equal(pc.list_value_length(alleles), 1), pc.invert(phased))
    if pc.any(alone).as_py():  # a haploid call that says that it is not phased (VCF 4.4, section 1.6.2)
        texts = pc.if_else(pc.fill_null(alone, False), pc.binary_join_element_wise("/", texts, ""), texts)
    made = chosen.spread(known, texts)
    return made if stated is None else pc.coalesce(stated, made)


def _flat_texts(lists: pa.Array, chosen: _Chosen) -> pa.Array:
    entries, known = chosen.flat(lists)
    return chosen.spread(known, _texts(entries))


def _texts(values: pa.Array) -> pa.Array:
    """Single values or lists as text, null where the value itself is."""
    if not pa.types.is_list(values.type):
        return values.cast(pa.string())
    return _if_empty(_joined(values, ","), ".")


def _joined(lists: pa.Array, separator: str | pa.Array) -> pa.Array:
    """Lists with a separator between their values; missing ones are `.`."""
    flat = pc.fill_null(_cast(lists.flatten()), ".")
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0), dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    mask = pc.is_null(lists) if lists.null_count else None
    whole = pa.ListArray.from_arrays(pa.array(offsets), flat, mask=mask)
    return pc.binary_join(whole, separator)


def _cast(values: pa.Array) -> pa.Array:
    """Numbers as text; small ones, such as alleles, are looked up."""
    if pa.types.is_int16(values.type) and len(values):
        most = pc.max(values).as_py() or 0
        return pa.array([str(n) for n in range(most + 1)], pa.string()).take(values)
    return values.cast(pa.string())


def _joined_known(columns: list[pa.Array], separator: str) -> pa.Array:
    """What is not null in each row with separators between; `.` where all is.

    Arrow leaves out rows of which all is null, when told to skip nulls: these get a text of no length first.
    """
    unknown = np.logical_and.reduce([np.asarray(pc.is_null(column)) for column in columns])
    if unknown.any():
        columns = [*columns[:-1], pc.if_else(pa.array(unknown), pa.scalar(""), columns[-1])]
    joined = pc.binary_join_element_wise(*columns, separator, null_handling="skip")
    return _if_empty(joined, ".") if unknown.any() else joined


def _key(name: str, known: pa.Array) -> pa.Array:
    return pc.if_else(known, pa.scalar(name), pa.scalar(None, pa.string()))


def _if_empty(texts: pa.Array, instead: str) -> pa.Array:
    return pc.if_else(pc.equal(pc.binary_length(texts), 0), pa.scalar(instead), texts)


def _array(rows: pa.Table, name: str) -> pa.Array:
    """A column as one array; nulls where the rows lack it."""
    if name not in rows.schema.names:
        kinds = {"identifiers": pa.list_(pa.string()), "filters": pa.list_(pa.string())}
        kinds["alternates"] = pa.list_(pa.string())
        return pa.nulls(rows.num_rows, kinds.get(name, pa.float32()))
    column = rows[name]
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
