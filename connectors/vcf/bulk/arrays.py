"""From what the kernels found to Arrow arrays, without copying numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from connectors.vcf.bulk.numbers import read_floats, read_integers
from connectors.vcf.bulk.scan import count_elements, gather_texts, measure_texts, split_elements

Array = np.ndarray
COMMA = ord(",")


def numbers_array(values: Array, known: Array, kind: pa.DataType) -> pa.Array:
    """Numbers, null where not known."""
    bits, nulls = _validity(known)
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(values)], nulls)


def truth_array(values: Array, known: Array | None = None) -> pa.Array:
    """Booleans from bytes, null where not known."""
    bits, nulls = (None, 0) if known is None else _validity(known)
    packed = pa.py_buffer(np.packbits(values.astype(np.bool_), bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [bits, packed], nulls)


def list_array(offsets: Array, elements: pa.Array, known: Array | None = None) -> pa.Array:
    """Lists by their offsets, null where not known."""
    bits, nulls = (None, 0) if known is None else _validity(known)
    buffers = [bits, pa.py_buffer(offsets)]
    return pa.Array.from_buffers(
        pa.list_(elements.type), len(offsets) - 1, buffers, nulls, children=[elements]
    )


def _validity(known: Array) -> tuple[pa.Buffer | None, int]:
    nulls = len(known) - int(np.count_nonzero(known))
    return (pa.py_buffer(np.packbits(known.astype(np.bool_), bitorder="little")) if nulls else None), nulls


def text_array(data: Array, begins: Array, ends: Array) -> pa.Array:
    """Texts by where they stand; null for `.` and what is absent."""
    known = np.zeros(len(begins), np.uint8)
    offsets = np.empty(len(begins) + 1, np.int32)
    size = measure_texts(data, begins, ends, known, offsets)
    out = np.empty(size, np.uint8)
    gather_texts(data, begins, known, offsets, out)
    bits, nulls = _validity(known)
    buffers = [bits, pa.py_buffer(offsets), pa.py_buffer(out)]
    return pa.Array.from_buffers(pa.string(), len(begins), buffers, nulls)


def value_array(data: Array, begins: Array, ends: Array, kind: str) -> tuple[pa.Array, Array | None]:
    """Single values by where they stand, and which of them are doubtful (None: none can be)."""
    if kind not in {"Integer", "Float"}:
        return text_array(data, begins, ends), None
    is_float = kind == "Float"
    values = np.empty(len(begins), np.float32 if is_float else np.int32)
    known, bad = np.zeros(len(begins), np.uint8), np.zeros(len(begins), np.uint8)
    (read_floats if is_float else read_integers)(data, begins, ends, values, known, bad)
    return numbers_array(values, known, pa.float32() if is_float else pa.int32()), bad


def split_array(
    data: Array, begins: Array, ends: Array, kind: str, separator: int = COMMA
) -> tuple[pa.Array, Array, Array]:
    """Lists by where they stand: offsets as a list array, which are doubtful, and where their elements begin."""
    offsets = np.empty(len(begins) + 1, np.int32)
    count = count_elements(data, begins, ends, separator, offsets)
    first, last = np.empty(count, np.int32), np.empty(count, np.int32)
    doubtful = np.zeros(len(begins), np.uint8)
    split_elements(data, begins, ends, separator, first, last, doubtful)
    elements, bad = value_array(data, first, last, kind)
    if bad is not None and bad.any():
        doubtful[np.searchsorted(offsets, np.flatnonzero(bad), side="right") - 1] = 1
    return list_array(offsets, elements, begins >= 0), doubtful, first
