"""Keyed digests of records from their typed columns, whichever way they were read.

A record's digest is the sum of its columns' SipHash-1-3, each under a key of its own derived from the site's key, over
the column's lists, values and what is missing. A column without a value adds nothing, so that the columns of other
records don't matter.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.vcf.bulk.compiled import compiled
from contracts.keys import Key

Array = np.ndarray
_OWN = ("_record", "_digest")
_NONE = np.zeros(0, np.uint8)
_A, _B, _C, _D = (
    np.uint64(0x736F6D6570736575),
    np.uint64(0x646F72616E646F6D),
    np.uint64(0x6C7967656E657261),
    np.uint64(0x7465646279746573),
)
_END = np.uint64(0xFF)
_MISSING_FLOAT = 0x7F800001  # as in BCF: no value


@compiled
def _turn(word: np.uint64, by: int) -> np.uint64:
    return (word << np.uint64(by)) | (word >> np.uint64(64 - by))


@compiled
def _round(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> tuple[Any, Any, Any, Any]:
    a += b
    b = _turn(b, 13) ^ a
    a = _turn(a, 32)
    c += d
    d = _turn(d, 16) ^ c
    a += d
    d = _turn(d, 21) ^ a
    c += b
    b = _turn(b, 17) ^ c
    c = _turn(c, 32)
    return a, b, c, d


@compiled
def _finish(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> np.uint64:
    c ^= _END
    for _ in range(3):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


@compiled
def _shape(outer: Array, inner: Array, inner_known: Array, record: int, state: Any) -> Any:
    """Take in how many entries a record has, and their lengths: once where all are of one length."""
    begin, end = outer[record], outer[record + 1]
    length = inner[begin + 1] - inner[begin] if end > begin else 0
    alike = True
    for entry in range(begin, end):
        null = len(inner_known) and not inner_known[entry]
        alike = alike and not null and inner[entry + 1] - inner[entry] == length
    a, b, c, d = state
    word = (np.uint64(end - begin) << np.uint64(33)) | (np.uint64(length) << np.uint64(1)) | np.uint64(alike)
    d ^= word
    a, b, c, d = _round(a, b, c, d)
    a ^= word
    if not alike:
        for entry in range(begin, end):
            null = len(inner_known) and not inner_known[entry]
            word = (np.uint64(inner[entry + 1] - inner[entry]) << np.uint64(1)) | np.uint64(null)
            d ^= word
            a, b, c, d = _round(a, b, c, d)
            a ^= word
    return a, b, c, d


@compiled
def digest_values(
    low: np.uint64,
    high: np.uint64,
    outer: Array,
    outer_known: Array,
    inner: Array,
    inner_known: Array,
    values: Array,
    steps: tuple[int, ...],
    digests: Array,
) -> None:
    """Add the digest of a column of numbers, in lists of lists, to `digests`.

    Args:
        outer, inner: offsets, of records into lists and of those into values.
        outer_known, inner_known: bytes, 0 for null; empty where nothing is null.
        values: the numbers' bits as an unsigned type; bits that no number has where it is null.
        steps: as many as there are numbers in 8 bytes.
    """
    in_a_word = np.uint64(len(steps))
    width = np.uint64(64) // in_a_word
    for record in range(len(outer) - 1):
        if len(outer_known) and not outer_known[record]:
            continue
        a, b, c, d = _shape(outer, inner, inner_known, record, (low ^ _A, high ^ _B, low ^ _C, high ^ _D))
        at, end = np.uint64(inner[outer[record]]), np.uint64(inner[outer[record + 1]])
        whole = at + (end - at) // in_a_word * in_a_word
        while at < whole:
            word = np.uint64(0)
            for step in range(len(steps)):  # known when compiled, so that all of this is one load
                word |= np.uint64(values[at + np.uint64(step)]) << (width * np.uint64(step))
            at += in_a_word
            d ^= word
            a, b, c, d = _round(a, b, c, d)
            a ^= word
        if at < end:
            word = np.uint64(0)
            for step in range(end - at):
                word |= np.uint64(values[at + np.uint64(step)]) << (width * np.uint64(step))
            d ^= word
            a, b, c, d = _round(a, b, c, d)
            a ^= word
        digests[record] += _finish(a, b, c, d)


@compiled
def digest_texts(
    low: np.uint64,
    high: np.uint64,
    outer: Array,
    outer_known: Array,
    inner: Array,
    inner_known: Array,
    offsets: Array,
    known: Array,
    data: Array,
    digests: Array,
) -> None:
    """The same for texts, by their offsets into `data`."""
    for record in range(len(outer) - 1):
        if len(outer_known) and not outer_known[record]:
            continue
        a, b, c, d = _shape(outer, inner, inner_known, record, (low ^ _A, high ^ _B, low ^ _C, high ^ _D))
        for text in range(inner[outer[record]], inner[outer[record + 1]]):
            null = len(known) and not known[text]
            size = 0 if null else offsets[text + 1] - offsets[text]
            word = (np.uint64(size) << np.uint64(1)) | np.uint64(1 if null else 0)
            filled = 0
            for at in range(offsets[text], offsets[text] + size):
                if filled == 0:
                    d ^= word
                    a, b, c, d = _round(a, b, c, d)
                    a ^= word
                    word = np.uint64(0)
                word |= np.uint64(data[at]) << np.uint64(8 * filled)
                filled = (filled + 1) & 7
            d ^= word
            a, b, c, d = _round(a, b, c, d)
            a ^= word
        digests[record] += _finish(a, b, c, d)


@compiled
def fill_missing(values: Array, bits: Array, offset: int, missing: int) -> None:
    """Put `missing` where Arrow's validity bits say null."""
    at = 0
    while at < len(values):
        place = offset + at
        if place % 8 == 0 and bits[place // 8] == 255:
            at += 8
            continue
        if not (bits[place // 8] >> (place % 8)) & 1:
            values[at] = missing
        at += 1


def digest_records(batch: pa.RecordBatch, key: Key) -> pa.Array:
    """A 63-bit digest for each record of a batch of `vcf.record`: of its values, not of how they were written."""
    digests = np.zeros(batch.num_rows, np.uint64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name not in _OWN and column.null_count < len(column):
            _digest_column(name, column, key, digests)
    return pa.array((digests >> np.uint64(1)).astype(np.int64))


def keyed_ids(purpose: str, texts: pa.Array, key: Key) -> pa.Array:
    """A 63-bit id of each text (never 0), by SipHash-1-3 under a key derived for the purpose; no text may be null."""
    hasher = hashlib.blake2b(key=key.subkey(purpose), digest_size=16)
    low, high = (np.uint64(part) for part in np.frombuffer(hasher.digest(), "<u8"))
    ids = np.zeros(len(texts), np.uint64)
    each = np.arange(len(texts) + 1, dtype=np.int32)
    buffer = texts.buffers()[2]
    data = np.frombuffer(buffer, np.uint8) if buffer is not None and buffer.size else _NONE
    digest_texts(low, high, each, _NONE, each, _NONE, _offsets(texts), _NONE, data, ids)
    return pa.array(np.maximum(ids >> np.uint64(1), np.uint64(1)).astype(np.int64))


def _digest_column(name: str, column: pa.Array, key: Key, digests: Array) -> None:
    hasher = hashlib.blake2b(key=key.subkey("vcf-record"), digest_size=16)
    hasher.update(f"{name}\x1f{column.type}".encode())
    low, high = (np.uint64(part) for part in np.frombuffer(hasher.digest(), "<u8"))
    outer, outer_known, lists = _unfold(column)
    inner, inner_known, leaves = _unfold(lists)
    if pa.types.is_list(leaves.type):  # what no column of ours is; any further level would be lost
        raise TypeError(f"{name} is nested too deeply: {column.type}")
    if pa.types.is_string(leaves.type):
        offsets, data = _offsets(leaves), leaves.buffers()[2]
        texts = np.frombuffer(data, np.uint8) if data is not None and data.size else _NONE
        known = _known(leaves)
        digest_texts(low, high, outer, outer_known, inner, inner_known, offsets, known, texts, digests)
        return
    values = _bits(leaves)
    steps = (0,) * (8 // values.itemsize)
    digest_values(low, high, outer, outer_known, inner, inner_known, values, steps, digests)


def _bits(leaves: pa.Array) -> Array:
    """Numbers as unsigned ones of their width; where they are null, bits that no value of a VCF has."""
    if pa.types.is_boolean(leaves.type):
        leaves = leaves.cast(pa.uint8())
    width = leaves.type.bit_width // 8
    buffer = leaves.buffers()[1]
    if buffer is None or buffer.size < width:
        return _NONE
    values = np.frombuffer(buffer, f"<u{width}", count=len(leaves), offset=leaves.offset * width)
    if not leaves.null_count:
        return values
    missing = _MISSING_FLOAT if pa.types.is_floating(leaves.type) else 1 << (8 * width - 1)
    filled = values.copy()
    fill_missing(filled, np.frombuffer(leaves.buffers()[0], np.uint8), leaves.offset, missing)
    return filled


def _unfold(column: pa.Array) -> tuple[Array, Array, pa.Array]:
    """Offsets, what is known, and elements of a list; a column of anything else is one of lists of one."""
    if not pa.types.is_list(column.type):
        return np.arange(len(column) + 1, dtype=np.int32), _known(column), column
    return _offsets(column), _known(column), column.values


def _offsets(column: pa.Array) -> Array:
    buffer = column.buffers()[1]
    if buffer is None or not buffer.size:
        return np.zeros(1, np.int32)
    return np.frombuffer(buffer, np.int32)[column.offset : column.offset + len(column) + 1]


def _known(column: pa.Array) -> Array:
    if not column.null_count:
        return _NONE
    bits = np.frombuffer(column.buffers()[0], np.uint8)
    return np.unpackbits(bits, bitorder="little", count=column.offset + len(column))[column.offset :]
