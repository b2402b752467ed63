"""Columns of cells as Arrow arrays: trimmed, null where empty, numbers, moments, keys."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.tabular.moments import Moment, Reader
from contracts.keys import Key

UNIT_SEPARATOR = "\x1f"


def texts(cells: Sequence[str], nulls: Iterable[str] = ("",)) -> pa.Array:
    """Cells without the white space around them; null where nothing, or one of `nulls`, is left."""
    trimmed = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    return pc.if_else(pc.is_in(trimmed, pa.array([*nulls], pa.string())), None, trimmed)


def nothing(rows: int) -> pa.Array:
    """A column of no values."""
    return pa.nulls(rows, pa.string())


def each(values: pa.Array, make: Callable[[str], Any], kind: pa.DataType) -> pa.Array:
    """`make` of each distinct value; null stays null."""
    coded = values.dictionary_encode()
    return pa.array([make(v) for v in coded.dictionary.to_pylist()], kind).take(coded.indices)


def moments(values: pa.Array, read: Reader) -> tuple[pa.Array, pa.Array]:
    """The dates and date-times of texts (see `moments`). What is no moment stands in the dates as it is."""
    coded = values.dictionary_encode()
    found: list[Moment] = [read(v) or (v, None) for v in coded.dictionary.to_pylist()]
    dates, times = (pa.array([m[i] for m in found], pa.string()).take(coded.indices) for i in (0, 1))
    return dates, times


def number(text: str) -> float | None:
    """A finite number with a decimal point; None where it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def joined(columns: Sequence[pa.Array], separator: str = UNIT_SEPARATOR) -> pa.Array:
    """The columns' values side by side, nothing where there is none."""
    filled = [pc.fill_null(column, "") for column in columns]
    return filled[0] if len(filled) == 1 else pc.binary_join_element_wise(*filled, separator)


def prefixed(prefix: str, values: pa.Array) -> pa.Array:
    """Each value behind the prefix; null stays null."""
    return pc.binary_join_element_wise(prefix, values, "", null_handling="emit_null")


def digests(key: Key, purpose: str, parts: Sequence[str], values: pa.Array) -> pa.Array:
    """`key.id63(purpose, *parts, value)` of each value. The keyed state is made once and copied."""
    state = key.hasher(purpose, 8)
    state.update("".join(part + UNIT_SEPARATOR for part in parts).encode())
    return _digest_each(state, values.cast(pa.binary()).to_pylist())


def _digest_each(state: hashlib.blake2b, values: Iterable[bytes]) -> pa.Array:
    begin, found = state.copy, []
    for value in values:
        one = begin()
        one.update(value)
        found.append(one.digest())
    numbers = np.frombuffer(b"".join(found), ">u8") >> np.uint64(1)
    return pa.array(np.maximum(numbers, 1).astype(np.int64))
