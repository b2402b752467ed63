"""Alleles of a batch of records: each alternate's own position, reference and alternate, and whether REF fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.vcf.normalise.kernel import MATCHES, UNKNOWN, check_references, normalise_alleles
from tasks.vcf.normalise.reference import FileReference

_NO_CONTIGS = np.ones((1, 4), dtype=np.int64)
_NO_BYTES = np.zeros(1, dtype=np.uint8)


@dataclass(frozen=True)
class Alleles:
    """One entry an alternate, record after record.

    Attributes:
        positions: int64, 1-based.
        references, alternates: strings; of sequences in capitals, sharing no base at their ends but one.
    """

    positions: pa.Array
    references: pa.Array
    alternates: pa.Array


def check_reference(
    contigs: pa.Array, positions: pa.Array, references: pa.Array, file: FileReference | None
) -> pa.Array:
    """Whether each record's REF is what the reference has there; null where there is nothing to compare with."""
    if file is None:
        return pa.nulls(len(positions), pa.bool_())
    found = np.empty(len(positions), np.uint8)
    data, offsets = _buffers(references)
    check_references(
        file.reference.data,
        file.reference.contigs,
        _rows(contigs, file),
        np.asarray(positions),
        data,
        offsets,
        found,
    )
    return pa.array(found == MATCHES, mask=found == UNKNOWN)


def normalise(
    contigs: pa.Array,
    positions: pa.Array,
    references: pa.Array,
    alternates: pa.Array,
    file: FileReference | None = None,
    fits: pa.Array | None = None,
) -> Alleles:
    """Every alternate in its shortest spelling; as far left as it goes, where REF fits the reference.

    Args:
        contigs: harmonised names.
        positions, references, alternates: the records' own; alternates are lists.
        file: the reference of the file, if any.
        fits: from `check_reference`.
    """
    parents = pc.list_parent_indices(alternates)
    of = np.full(len(parents), -1, np.int64)
    sequence, table = _NO_BYTES, _NO_CONTIGS
    if file is not None and fits is not None:
        rows = np.where(np.asarray(pc.fill_null(fits, False)), _rows(contigs, file), -1)
        of, sequence, table = rows[np.asarray(parents)], file.reference.data, file.reference.contigs
    moved = np.array(positions.take(parents), dtype=np.int64)
    refs, ref_offsets = _buffers(references.take(parents))
    alts, alt_offsets = _buffers(alternates.flatten())
    spelled = [
        np.empty(int(offsets[-1] - offsets[0]) + len(of) + 1, np.uint8)
        for offsets in (ref_offsets, alt_offsets)
    ]
    ends = [np.zeros(len(of) + 1, np.int32) for _ in range(2)]
    normalise_alleles(
        sequence, table, of, moved, refs, ref_offsets, alts, alt_offsets,
        spelled[0], ends[0], spelled[1], ends[1],
    )  # fmt: skip
    texts = [_texts(text, offsets) for text, offsets in zip(spelled, ends, strict=True)]
    return Alleles(pa.array(moved), texts[0], texts[1])


def _rows(contigs: pa.Array, file: FileReference) -> np.ndarray:
    coded = contigs.dictionary_encode()
    rows = [file.rows.get(name, -1) for name in coded.dictionary.to_pylist()]
    found: np.ndarray = np.array([*rows, -1], dtype=np.int64)[np.asarray(coded.indices)]
    return found


def _buffers(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of strings, and where each begins."""
    _, offsets, data = texts.buffers()
    if offsets is None or not len(texts):
        return _NO_BYTES, np.zeros(1, dtype=np.int32)
    begins = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return (np.frombuffer(data, np.uint8) if data is not None and data.size else _NO_BYTES), begins


def _texts(data: np.ndarray, offsets: np.ndarray) -> pa.Array:
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data[: int(offsets[-1])])]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)
