"""Stable digests of rows: what tells that stored and new rows are equal, and that two lakes hold the same.

A row's digest is 128 bits (two independent 64-bit lanes), computed over whole columns at once. It depends on column
names and logical values alone: not on row order, column order, batch borders, integer or float width, string layout,
process, or library version. A null adds nothing, so a column of nulls equals no column. Digests of a set of rows are
the lanes' sums modulo 2^64, whatever the order. It guards against accidents, not against somebody forging rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

U64 = np.uint64
Lanes = Any
"""uint64 array of shape (n, 2)."""

_MULTIPLIERS = np.array([0xBF58476D1CE4E5B9, 0xFF51AFD7ED558CCD], dtype=U64)
_MULTIPLIERS_2 = np.array([0x94D049BB133111EB, 0xC4CEB9FE1A85EC53], dtype=U64)
_STEP = np.array([0x9E3779B97F4A7C15, 0xD1B54A32D192ED03], dtype=U64)
_NULL = np.array([0x6A09E667F3BCC909, 0xBB67AE8584CAA73B], dtype=U64)
_LONG_BYTES = 256
_STEP_BYTES = 2**20


def _mix(lanes: Lanes) -> Lanes:
    """Bijective avalanche of each lane (the finaliser shape of splitmix64, other constants for the second lane)."""
    lanes = (lanes ^ (lanes >> U64(30))) * _MULTIPLIERS
    lanes = (lanes ^ (lanes >> U64(27))) * _MULTIPLIERS_2
    return lanes ^ (lanes >> U64(31))


def _name_key(name: str) -> Lanes:
    return np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], dtype="<u8").astype(U64)


def _hash_words(words: Any) -> Lanes:
    """(n,) 64-bit words -> (n, 2) lanes."""
    return _mix(words.astype(U64, copy=False)[:, None] + _STEP)


def _hash_floats(array: pa.Array) -> Lanes:
    values = np.asarray(array.cast(pa.float64()).fill_null(0.0)).copy()
    values[values == 0] = 0.0  # -0.0 is 0.0
    values[np.isnan(values)] = np.nan  # one NaN
    return _hash_words(values.view(U64))


def _hash_bytes(array: pa.Array) -> Lanes:
    """Hash variable-length values eight bytes at a time, all values in step; long ones by BLAKE2b."""
    text = array.fill_null(
        b"" if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type) else ""
    )
    large = pa.large_binary() if text.type in (pa.binary(), pa.large_binary()) else pa.large_string()
    text = text.cast(large)
    offsets = np.frombuffer(text.buffers()[1], dtype=np.int64)[text.offset : text.offset + len(text) + 1]
    data = text.buffers()[2]
    start, stop = (int(offsets[0]), int(offsets[-1])) if len(text) else (0, 0)
    raw = np.zeros(stop - start + 8, dtype=np.uint8)  # eight spare bytes: the last word may be read in full
    if stop > start:
        raw[:-8] = np.frombuffer(data, dtype=np.uint8, count=stop - start, offset=start)
    begins, lengths = offsets[:-1] - start, np.diff(offsets)
    lanes = _hash_words(lengths)
    words = np.ndarray((len(raw) - 7,), dtype="<u8", buffer=raw.data, strides=(1,))
    active = np.flatnonzero((lengths > 0) & (lengths <= _LONG_BYTES))
    for at in range(0, _LONG_BYTES, 8):
        active = active[lengths[active] > at]
        if not len(active):
            break
        rest = np.minimum(lengths[active] - at, 8).astype(U64)
        word = words[begins[active] + at] & (U64(0xFFFFFFFFFFFFFFFF) >> (U64(64) - rest * U64(8)))
        lanes[active] = _mix((lanes[active] + _STEP) ^ word.astype(U64)[:, None])
    for row in np.flatnonzero(lengths > _LONG_BYTES):
        value = raw[begins[row] : begins[row] + lengths[row]]
        lanes[row] = np.frombuffer(hashlib.blake2b(value.data, digest_size=16).digest(), dtype="<u8")
    return lanes


def _hash_lists(array: pa.Array) -> Lanes:
    """A list's hash depends on its length and on each element at its place; null elements count."""
    kind = pa.large_list(array.type.value_type)
    listed = array.cast(kind)
    offsets = np.frombuffer(listed.buffers()[1], dtype=np.int64)[
        listed.offset : listed.offset + len(listed) + 1
    ]
    if not len(listed):
        return np.zeros((0, 2), dtype=U64)
    first, last = int(offsets[0]), int(offsets[-1])
    elements = _values(listed.values.slice(first, last - first), _NULL)
    begins, lengths = offsets[:-1] - first, np.diff(offsets)
    places = np.arange(last - first, dtype=np.int64) - np.repeat(begins, lengths)
    elements = _mix(elements + (places + 1).astype(U64)[:, None] * _STEP)
    sums = np.concatenate([np.zeros((1, 2), dtype=U64), np.cumsum(elements, axis=0, dtype=U64)])
    return _mix(sums[begins + lengths] - sums[begins] + (lengths + 1).astype(U64)[:, None] * _STEP)


def _hash_structs(array: pa.Array) -> Lanes:
    total = np.zeros((len(array), 2), dtype=U64)
    for field, child in zip(array.type, array.flatten(), strict=True):
        total += _keyed(field.name, child)
    return _mix(total + _STEP)


def _hash_values(array: pa.Array) -> Lanes:
    kind = array.type
    if pa.types.is_floating(kind):
        return _hash_floats(array)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _hash_bytes(array.cast(pa.large_string()))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return _hash_bytes(array.cast(pa.large_binary()))
    if pa.types.is_map(kind):
        return _hash_lists(_map_as_list(array))
    if pa.types.is_nested(kind) and not pa.types.is_struct(kind):
        return _hash_lists(array)
    if pa.types.is_struct(kind):
        return _hash_structs(array)
    if pa.types.is_dictionary(kind):
        return _hash_values(array.dictionary_decode())
    if pa.types.is_decimal(kind) or pa.types.is_time(kind):
        return _hash_bytes(array.cast(pa.large_string()))
    if pa.types.is_timestamp(kind):
        array = array.cast(pa.timestamp("us", tz=kind.tz)).view(pa.int64())
    elif pa.types.is_date32(kind):
        array = array.view(pa.int32())
    elif pa.types.is_boolean(kind):
        array = array.cast(pa.int8())
    return _hash_words(np.asarray(array.fill_null(0).cast(pa.int64())).view(U64))


def _map_as_list(array: pa.Array) -> pa.Array:
    pairs = pa.StructArray.from_arrays([array.keys, array.items], names=["key", "value"])
    return pa.ListArray.from_arrays(array.offsets, pairs, mask=array.is_null())


def _values(array: pa.Array, null: Any) -> Lanes:
    """Hash of each value, `null` where it is null."""
    if pa.types.is_null(array.type):
        return np.broadcast_to(null, (len(array), 2)).astype(U64)
    lanes = _hash_values(array)
    if array.null_count:
        lanes[np.asarray(array.is_null())] = null
    return lanes


def _keyed(name: str, array: pa.Array) -> Lanes:
    """Hash of each value under its column's name; 0 where it is null."""
    if pa.types.is_null(array.type):
        return np.zeros((len(array), 2), dtype=U64)
    lanes = _mix(_hash_values(array) ^ _name_key(name))
    if array.null_count:
        lanes[np.asarray(array.is_null())] = U64(0)
    return lanes


def hash_rows(batch: pa.RecordBatch) -> Lanes:
    """Digests of a batch's rows over all columns but the own ones (those that begin with `_`): uint64 (n, 2).

    Wide rows are taken a few at a time: the work arrays are many times the size of what is hashed.
    """
    step = max(1, batch.num_rows * _STEP_BYTES // max(batch.nbytes, 1))
    parts = [_hash_slice(batch.slice(start, step)) for start in range(0, batch.num_rows, step)]
    return np.concatenate(parts) if parts else np.zeros((0, 2), dtype=U64)


def _hash_slice(batch: pa.RecordBatch) -> Lanes:
    total = np.zeros((batch.num_rows, 2), dtype=U64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if not name.startswith("_"):
            total += _keyed(name, column)
    return _mix(total + _STEP)


def digest_rows(batches: Iterable[pa.RecordBatch]) -> str:
    """One digest over all rows of `batches`, whatever their order: 64 hexadecimal characters."""
    total, count = np.zeros(2, dtype=U64), 0
    for batch in batches:
        total += hash_rows(batch).sum(axis=0, dtype=U64)
        count += batch.num_rows
    return hashlib.sha256(count.to_bytes(8, "big") + total.astype(">u8").tobytes()).hexdigest()


@dataclass
class KeySums:
    """Digest and number of rows by key (an owner or a bucket): `keys` sorted int64 (k,), `lanes` (k, 2), `counts`."""

    keys: Any
    lanes: Lanes
    counts: Any

    @classmethod
    def empty(cls) -> KeySums:
        """No rows."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=U64), np.zeros(0, dtype=np.int64))

    @classmethod
    def of(cls, keys: Any, lanes: Lanes, counts: Any | None = None) -> KeySums:
        """Sum rows (or sums, with their counts) that share a key."""
        if not len(keys):
            return cls.empty()
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        weights = np.ones(len(keys), dtype=np.int64) if counts is None else counts[order]
        return cls(
            ordered[starts], np.add.reduceat(lanes[order], starts, axis=0), np.add.reduceat(weights, starts)
        )

    def differing(self, other: KeySums) -> Any:
        """Keys of `self` whose rows in `other` are not the same (or are missing there), sorted."""
        if not len(other.keys):
            return self.keys
        at = np.minimum(np.searchsorted(other.keys, self.keys), len(other.keys) - 1)
        same = (other.keys[at] == self.keys) & (other.counts[at] == self.counts)
        same &= (other.lanes[at] == self.lanes).all(axis=1)
        return self.keys[~same]


class Summing:
    """Collects `KeySums` batch by batch; memory grows with the number of keys, not of rows."""

    _MOST = 1_000_000

    def __init__(self) -> None:
        self._parts: list[KeySums] = []
        self._size = 0

    def add(self, keys: Any, lanes: Lanes) -> None:
        """Add rows with their keys (int64) and digests."""
        self._parts.append(KeySums.of(keys, lanes))
        self._size += len(self._parts[-1].keys)
        if self._size > self._MOST and len(self._parts) > 8:
            self._parts = [self.total()]
            self._size = len(self._parts[0].keys)

    def total(self) -> KeySums:
        """The sums over all that was added."""
        if not self._parts:
            return KeySums.empty()
        joined = (
            np.concatenate([getattr(p, name) for p in self._parts]) for name in ("keys", "lanes", "counts")
        )
        return KeySums.of(*joined)


class Counting:
    """Counts rows by keys that are known: a few bytes a key, where `Summing` holds each batch's.

    Args:
        known: the keys, sorted int64, distinct.
    """

    def __init__(self, known: Any) -> None:
        self._known = known
        self._counts = np.zeros(len(known), dtype=np.int64)

    def add(self, keys: Any) -> bool:
        """Count these; False, and nothing is counted, where one is not known."""
        if not is_member(keys, self._known).all():
            return False
        np.add.at(self._counts, np.searchsorted(self._known, keys), 1)
        return True

    def total(self) -> KeySums:
        """The keys that have rows, with no digests."""
        met = np.flatnonzero(self._counts)
        return KeySums(self._known[met], np.zeros((len(met), 2), dtype=U64), self._counts[met])


def is_member(values: Any, keys: Any) -> Any:
    """Which of `values` are in the sorted int64 array `keys`: bool array."""
    if not len(keys):
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(keys, values), len(keys) - 1)
    return keys[at] == values


def distinct(values: Any) -> Any:
    """The distinct values of an int64 array, sorted. (numpy's `unique` hashes them, which takes ten times as long.)"""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
