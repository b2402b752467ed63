"""The calls of a chunk: genotypes and whole numbers read at once, of other fields where each entry stands.

Reading needs no look at where a line ends: the byte there is none of those that a call goes on with, and `PADDING`
bytes follow the last line.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from connectors.vcf.bulk.compiled import compiled
from connectors.vcf.bulk.numbers import LEAST_INTEGER, MOST_INTEGER

Array = np.ndarray
GENOTYPE, NUMBER, NUMBERS, OTHER = 0, 1, 2, 3
UNTOLD = 2
"""The phase of a genotype that is `.` as a whole."""
MISSING = -(2**31)
MISSING_ALLELE = -(2**15)
PADDING = 8
_TAB, _COMMA, _MINUS, _POINT, _SLASH, _ZERO, _COLON, _BAR = 9, 44, 45, 46, 47, 48, 58, 124
_LAST_ALLELE = 999
_ONE = np.uint64(1)
_TWO, _THREE = np.uint64(2), np.uint64(3)


@compiled
def _digit(data: Array, at: np.uint64) -> np.uint8:
    """A digit's value; more than 9 for anything else."""
    return np.uint8(data[at] - _ZERO)


@compiled
def _read_genotype(
    data: Array, at: np.uint64, alleles: Array, count: np.uint64
) -> tuple[bool, Any, Any, int]:
    """Read one genotype; returns whether it is plain, where it ends, how many alleles there are now, its phase.

    One of which some alleles are phased and some are not is left to the plain path.
    """
    begin, phase, barred = at, 1, False
    while True:
        if data[at] == _POINT:
            alleles[count] = MISSING_ALLELE
            at += _ONE
        else:
            value, first = np.int64(0), at
            while _digit(data, at) <= 9 and value <= _LAST_ALLELE:
                value = value * 10 + np.int64(_digit(data, at))
                at += _ONE
            if at == first or value > _LAST_ALLELE:
                return False, at, count, 0
            alleles[count] = value
        count += _ONE
        if data[at] == _SLASH:
            if barred:
                return False, at, count, 0
            phase = 0
        elif data[at] == _BAR:
            if phase == 0:
                return False, at, count, 0
            barred = True
        else:
            break
        at += _ONE
    if at - begin == _ONE and data[begin] == _POINT:
        phase = UNTOLD
    return True, at, count, phase


@compiled
def _read_numbers(data: Array, at: np.uint64, values: Array, count: np.uint64) -> tuple[bool, Any, Any]:
    """Read whole numbers with commas between; returns whether they are plain, where they end, how many are there."""
    while True:
        digit = _digit(data, at)
        if digit <= 9:
            at += _ONE
            value = np.int64(digit)
            digit = _digit(data, at)
            while digit <= 9:
                value = value * 10 + np.int64(digit)
                at += _ONE
                digit = _digit(data, at)
                if value > MOST_INTEGER:
                    return False, at, count
            values[count] = value
        elif data[at] == _POINT:
            values[count] = MISSING
            at += _ONE
        else:
            if data[at] != _MINUS or _digit(data, at + _ONE) > 9:
                return False, at, count
            at += _ONE
            value = np.int64(0)
            while _digit(data, at) <= 9:
                value = value * 10 - np.int64(_digit(data, at))
                at += _ONE
                if value < LEAST_INTEGER:
                    return False, at, count
            values[count] = value
        count += _ONE
        if data[at] != _COMMA:
            return True, at, count
        at += _ONE


@compiled
def _leave_out(
    kind: int, entry: int, count: np.uint64, base: np.uint64, alleles: Array, allele_offsets: Array,
    phases: Array, values: Array, offsets: Array, spans: Array,
) -> np.uint64:  # fmt: skip
    """What a sample leaves out at its end is missing. Returns how many values there are now."""
    if kind == OTHER:
        spans[0, entry] = -1
        return count
    if kind == GENOTYPE:
        alleles[count], phases[entry] = MISSING_ALLELE, UNTOLD
        allele_offsets[entry + 1] = count + _ONE
    else:
        values[count] = MISSING
        offsets[entry + 1] = count + _ONE - base
    return count + _ONE


@compiled
def _read_samples(  # noqa: C901 - one loop over a line; parts of it cost a third more
    data: Array, at: np.uint64, end: np.uint64, samples: int, keys: int, kinds: Array, firsts: Array, bases: Array,
    reached: Array, alleles: Array, allele_offsets: Array, phases: Array, values: Array, offsets: Array, spans: Array,
) -> bool:  # fmt: skip
    """Read the samples of a record; returns whether all of them are plain.

    Args:
        kinds, firsts, bases: by key of the FORMAT, how it is read, its first entry, and its first value's place.
        reached: by key, where the next value goes.
    """
    for sample in range(samples):
        if sample:
            if data[at] != _TAB:
                return False
            at += _ONE
        if not keys:  # FORMAT is `.`, and so are its calls
            if data[at] != _POINT:
                return False
            at += _ONE
        gone = False  # whether the sample leaves out its last fields
        for position in range(keys):
            kind, entry, count = kinds[position], firsts[position] + sample, reached[position]
            if position and not gone:
                gone = data[at] != _COLON
                at += np.uint64(not gone)
            if gone:
                reached[position] = _leave_out(
                    kind,
                    entry,
                    count,
                    bases[position],
                    alleles,
                    allele_offsets,
                    phases,
                    values,
                    offsets,
                    spans,
                )
            elif kind == GENOTYPE:
                plain, at, count, phases[entry] = _read_genotype(data, at, alleles, count)
                reached[position] = count
                allele_offsets[entry + 1] = count
                if not plain:
                    return False
            elif kind == OTHER:
                spans[0, entry] = at
                while at < end and data[at] != _COLON and data[at] != _TAB:
                    at += _ONE
                spans[1, entry] = at
                if at == np.uint64(spans[0, entry]):
                    return False
            else:
                plain, at, now = _read_numbers(data, at, values, count)
                reached[position] = now
                if kind == NUMBERS:
                    offsets[entry + 1] = now - bases[position]
                elif now != count + _ONE:
                    return False
                if not plain:
                    return False
    return bool(at == end)


@compiled
def read_calls(
    data: Array, begins: Array, ends: Array, doubtful: Array, codes: Array, layouts: Array, lengths: Array,
    kinds: Array, slots: Array, samples: int, room: int, most: int, alleles: Array, allele_offsets: Array,
    phases: Array, values: Array, offsets: Array, spans: Array, entries: Array, counts: Array, present: Array,
) -> None:  # fmt: skip
    """Read the samples' columns of each record.

    Args:
        begins, ends: by record, where the samples' columns begin and end.
        codes: by record, its FORMAT; `layouts` (formats, most keys) has the fields of each, `lengths` how many.
        kinds, slots: by field, how it is read, and its place among those of that kind.
        room, most: how many entries and values there can be of a field.
        alleles, allele_offsets, phases: genotypes; one offset and phase a call.
        values: of whole numbers, those of each slot from `slot * most` on; `offsets` where an entry's begin, from
            `slot * (room + 1)` on, counted from the slot's first.
        spans: (2, others * room): where entries of other fields stand, those of a slot from `slot * room` on; -1
            where the sample leaves it out.
        entries, counts: by field, 0 throughout: entries and values so far.
        present: (fields, records), 0 throughout: whether the record has the field.
    """
    width = max(1, layouts.shape[1])
    kind_at, first_at = np.zeros(width, np.int64), np.zeros(width, np.int64)
    base_at, reached = np.zeros(width, np.uint64), np.zeros(width, np.uint64)
    for record in range(len(begins)):
        if doubtful[record]:
            continue
        layout, keys = layouts[codes[record]], lengths[codes[record]]
        for position in range(keys):
            field = layout[position]
            kind, slot = kinds[field], slots[field]
            is_number = kind in (NUMBER, NUMBERS)
            kind_at[position] = kind
            first_at[position] = entries[field] + slot * (room + 1 if is_number else room)
            base_at[position] = slot * most if is_number else 0
            reached[position] = base_at[position] + np.uint64(counts[field])
        plain = _read_samples(
            data, np.uint64(begins[record]), np.uint64(ends[record]), samples, keys, kind_at, first_at, base_at,
            reached, alleles, allele_offsets, phases, values, offsets, spans,
        )  # fmt: skip
        if not plain:
            doubtful[record] = 1
            continue
        for position in range(keys):
            field = layout[position]
            entries[field] += samples
            counts[field] = np.int64(reached[position] - base_at[position])
            present[field, record] = 1
