"""Where things stand in lines of VCF: columns, INFO fields, distinct texts, elements of lists.

Positions are offsets into a chunk of bytes, ends exclusive; -1 stands for what is absent. A record that the kernels
cannot vouch for is marked doubtful and left to the plain path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from connectors.vcf.bulk.compiled import compiled
from connectors.vcf.bulk.numbers import read_float

Array = np.ndarray
FLAG = 0
_TAB, _POINT, _ZERO, _NINE, _SEMICOLON, _EQUALS = 9, 46, 48, 57, 59, 61
_PRIME = np.uint64(1099511628211)
_BASIS = np.uint64(14695981039346656037)
_LAST_POSITION = 2**31 - 2


@compiled
def find_columns(
    data: Array, starts: Array, ends: Array, columns: int, has_samples: bool, tabs: Array, doubtful: Array
) -> None:
    """Where each of the first `columns` columns begins; one more entry tells where the last of them has ended.

    Args:
        tabs: (records, columns + 1): the end of column c is `tabs[r, c + 1] - 1`.
    """
    for record in range(len(starts)):
        at, end, column = starts[record], ends[record], 0
        tabs[record, 0] = at
        while at < end:
            if data[at] == _TAB:
                if column == columns:
                    break
                column += 1
                tabs[record, column] = at + 1
                if column == columns and has_samples:
                    break
            at += 1
        if column != (columns if has_samples else columns - 1):
            doubtful[record] = 1
            for missing in range(columns + 1):
                tabs[record, missing] = end
        elif not has_samples:
            tabs[record, columns] = end + 1


@compiled
def read_positions(data: Array, tabs: Array, positions: Array, doubtful: Array) -> None:
    """POS: 1-based, digits alone."""
    for record in range(len(tabs)):
        at, end = tabs[record, 1], tabs[record, 2] - 1
        value, plain = np.int64(0), 0 < end - at <= 10 and data[at] != _ZERO
        while at < end and plain:
            plain = _ZERO <= data[at] <= _NINE
            value = value * 10 + (np.int64(data[at]) - _ZERO)
            at += 1
        positions[record] = value
        if not plain or value > _LAST_POSITION:
            doubtful[record] = 1


@compiled
def read_qualities(data: Array, tabs: Array, values: Array, known: Array, doubtful: Array) -> None:
    """QUAL."""
    for record in range(len(tabs)):
        begin, end = tabs[record, 5], tabs[record, 6] - 1
        values[record] = 0.0
        if end - begin == 1 and data[begin] == _POINT:
            continue
        value, plain = read_float(data, begin, end)
        values[record], known[record] = value, 1
        if not plain:
            doubtful[record] = 1


@compiled
def _equal(data: Array, begin: int, end: int, other: Array, first: int, last: int) -> bool:
    if end - begin != last - first:
        return False
    for i in range(end - begin):  # noqa: SIM110 - a generator does not compile
        if data[begin + i] != other[first + i]:
            return False
    return True


@compiled
def _hash(data: Array, begin: int, end: int) -> np.uint64:
    found = _BASIS
    for at in range(begin, end):
        found = (found ^ np.uint64(data[at])) * _PRIME
    return found


@compiled
def number_texts(data: Array, begins: Array, ends: Array, table: Array, codes: Array, firsts: Array) -> int:
    """A code for each distinct text, by first sight; returns how many there are.

    Args:
        table: -1 throughout; its length a power of two, at least twice the texts.
        firsts: by code, the index at which it was seen first.
    """
    count, mask = 0, np.uint64(len(table) - 1)
    for i in range(len(begins)):
        begin, end = begins[i], ends[i]
        if i and _equal(data, begin, end, data, begins[i - 1], ends[i - 1]):
            codes[i] = codes[i - 1]
            continue
        slot = np.int64(_hash(data, begin, end) & mask)
        while table[slot] >= 0:
            seen = firsts[table[slot]]
            if _equal(data, begin, end, data, begins[seen], ends[seen]):
                break
            slot = (slot + 1) & (len(table) - 1)
        if table[slot] < 0:
            table[slot], firsts[count] = count, i
            count += 1
        codes[i] = table[slot]
    return count


@compiled
def place_keys(keys: Array, begins: Array, ends: Array, table: Array) -> None:
    """Put the ids of fields into a table that `find_info` looks them up in."""
    for field in range(len(begins)):
        slot = np.int64(_hash(keys, begins[field], ends[field]) & np.uint64(len(table) - 1))
        while table[slot] >= 0:
            slot = (slot + 1) & (len(table) - 1)
        table[slot] = field


@compiled
def _look_up(
    data: Array, begin: int, end: int, hashed: np.uint64, keys: Array, first: Array, last: Array, table: Array
) -> Any:
    slot = np.int64(hashed & np.uint64(len(table) - 1))
    while table[slot] >= 0:
        field = table[slot]
        if _equal(data, begin, end, keys, first[field], last[field]):
            return np.int64(field)
        slot = (slot + 1) & (len(table) - 1)
    return -1


@compiled
def find_info(
    data: Array,
    tabs: Array,
    keys: Array,
    first: Array,
    last: Array,
    table: Array,
    kinds: Array,
    begins: Array,
    ends: Array,
    doubtful: Array,
) -> None:
    """Where the value of each declared INFO field stands.

    Args:
        keys, first, last, table: the ids of fields, as `place_keys` has put them.
        kinds: by field; `FLAG` for flags, which have no value.
        begins, ends: (fields, records), -1 throughout.
    """
    for record in range(len(tabs)):
        at, end = tabs[record, 7], tabs[record, 8] - 1
        if doubtful[record] or (end - at == 1 and data[at] == _POINT):
            continue
        plain = at < end
        while plain and at < end:
            begin, hashed = at, _BASIS
            while at < end and data[at] != _EQUALS and data[at] != _SEMICOLON:
                hashed = (hashed ^ np.uint64(data[at])) * _PRIME
                at += 1
            field = _look_up(data, begin, at, hashed, keys, first, last, table)
            told = at < end and data[at] == _EQUALS
            if field < 0 or told == (kinds[field] == FLAG) or begins[field, record] >= 0:
                plain = False
                break
            if told:
                at += 1
            begin = at
            while at < end and data[at] != _SEMICOLON:
                at += 1
            begins[field, record], ends[field, record] = begin, at
            plain = at > begin or not told
            at += 1
            if at == end:
                plain = False  # a semicolon with nothing after it
        if not plain:
            doubtful[record] = 1


@compiled
def count_elements(data: Array, begins: Array, ends: Array, separator: int, offsets: Array) -> int:
    """Offsets of lists by their separators; nothing for what is absent. Returns how many elements there are."""
    count = 0
    for i in range(len(begins)):
        offsets[i] = count
        if begins[i] >= 0:
            count += 1
            for at in range(begins[i], ends[i]):
                if data[at] == separator:
                    count += 1
    offsets[len(begins)] = count
    return count


@compiled
def split_elements(
    data: Array, begins: Array, ends: Array, separator: int, first: Array, last: Array, empty: Array
) -> None:
    """Where the elements of lists stand; a list with an empty element is marked."""
    count = 0
    for i in range(len(begins)):
        if begins[i] < 0:
            continue
        begin = begins[i]
        for at in range(begins[i], ends[i] + 1):
            if at == ends[i] or data[at] == separator:
                first[count], last[count] = begin, at
                if at == begin:
                    empty[i] = 1
                begin = at + 1
                count += 1


@compiled
def measure_texts(data: Array, begins: Array, ends: Array, known: Array, offsets: Array) -> int:
    """Offsets of texts put end to end; a `.` and what is absent are not known. Returns the bytes."""
    count = 0
    for i in range(len(begins)):
        offsets[i] = count
        begin, end = begins[i], ends[i]
        if begin >= 0 and not (end - begin == 1 and data[begin] == _POINT):
            known[i] = 1
            count += end - begin
    offsets[len(begins)] = count
    return count


@compiled
def gather_texts(data: Array, begins: Array, known: Array, offsets: Array, out: Array) -> None:
    """The bytes of the texts that are known, end to end."""
    for i in range(len(begins)):
        if known[i]:
            begin = begins[i]
            for k in range(offsets[i + 1] - offsets[i]):
                out[offsets[i] + k] = data[begin + k]


@compiled
def mark_unless_letters(data: Array, begins: Array, ends: Array, doubtful: Array) -> None:
    """Mark records whose text is anything but letters."""
    for record in range(len(begins)):
        plain = ends[record] > begins[record]
        for at in range(begins[record], ends[record]):
            letter = data[at] | 32
            plain = plain and 97 <= letter <= 122
        if not plain:
            doubtful[record] = 1
