"""The calls of a chunk: genotypes and whole numbers read at once, of other fields where each entry stands."""

from __future__ import annotations

import numpy as np

from connectors.vcf.bulk.compiled import compiled
from connectors.vcf.bulk.numbers import LEAST_INTEGER, MOST_INTEGER

Array = np.ndarray
GENOTYPE, NUMBER, NUMBERS, OTHER = 0, 1, 2, 3
UNTOLD = 2
"""The phase of a genotype that is `.` as a whole."""
_TAB, _COMMA, _MINUS, _POINT, _SLASH, _ZERO, _COLON, _BAR = 9, 44, 45, 46, 47, 48, 58, 124
_LAST_ALLELE = 999


@compiled
def _read_genotype(
    data: Array, at: int, end: int, alleles: Array, known: Array, count: int
) -> tuple[int, int, int]:
    """Read one genotype; returns where it ends (-1: doubtful), how many alleles there are now, and its phase."""
    begin, phase = at, 1
    while True:
        if at < end and data[at] == _POINT:
            alleles[count], known[count] = 0, 0
            at += 1
        else:
            value, first = np.int64(0), at
            while at < end and _ZERO <= data[at] <= _ZERO + 9 and value <= _LAST_ALLELE:
                value = value * 10 + (np.int64(data[at]) - _ZERO)
                at += 1
            if at == first or value > _LAST_ALLELE:
                return -1, count, 0
            alleles[count], known[count] = value, 1
        count += 1
        if at < end and data[at] == _SLASH:
            phase = 0
        elif at >= end or data[at] != _BAR:
            break
        at += 1
    if at - begin == 1 and data[begin] == _POINT:
        phase = UNTOLD
    return at, count, phase


@compiled
def _read_numbers(data: Array, at: int, end: int, values: Array, known: Array, count: int) -> tuple[int, int]:
    """Read whole numbers with commas between; returns where they end (-1: doubtful) and how many there are now."""
    while True:
        if at < end and data[at] == _POINT:
            values[count], known[count] = 0, 0
            at += 1
        else:
            negative = at < end and data[at] == _MINUS
            if negative:
                at += 1
            value, first = np.int64(0), at
            while at < end:
                digit = np.int64(data[at]) - _ZERO
                if digit < 0 or digit > 9 or at - first > 10:
                    break
                value = value * 10 + digit
                at += 1
            if negative:
                value = -value
            if at == first or value < LEAST_INTEGER or value > MOST_INTEGER:
                return -1, count
            values[count], known[count] = value, 1
        count += 1
        if at >= end or data[at] != _COMMA:
            return at, count
        at += 1


@compiled
def read_calls(
    data: Array,
    begins: Array,
    ends: Array,
    doubtful: Array,
    codes: Array,
    layouts: Array,
    lengths: Array,
    kinds: Array,
    slots: Array,
    samples: int,
    room: int,
    most: int,
    alleles: Array,
    allele_known: Array,
    allele_offsets: Array,
    phases: Array,
    values: Array,
    known: Array,
    offsets: Array,
    spans: Array,
    entries: Array,
    counts: Array,
    present: Array,
) -> None:
    """Read the samples' columns of each record.

    Args:
        begins, ends: by record, where the samples' columns begin and end.
        codes: by record, its FORMAT; `layouts` (formats, most keys) has the fields of each, `lengths` how many.
        kinds, slots: by field, how it is read, and its row in the arrays of that kind.
        alleles, allele_known, allele_offsets, phases: genotypes; one offset and phase a call.
        values, known: of whole numbers, those of each slot from `slot * most` on; `offsets` where an entry's begin,
            from `slot * (room + 1)` on, counted from the slot's first.
        spans: (slots, 2, entries) of other fields: where an entry stands, -1 where the sample leaves it out.
        entries, counts: by field, 0 throughout: entries and values so far.
        present: (fields, records), 0 throughout: whether the record has the field.
    """
    for record in range(len(begins)):
        if doubtful[record]:
            continue
        layout, keys = layouts[codes[record]], lengths[codes[record]]
        before_entries, before_counts = entries.copy(), counts.copy()
        at, end, plain = begins[record], ends[record], True
        for sample in range(samples):
            if sample:
                plain = at < end and data[at] == _TAB
                if not plain:
                    break
                at += 1
            if not keys:  # FORMAT is `.`, and so are its calls
                plain = at < end and data[at] == _POINT
                at += 1
            gone = False  # whether the sample leaves out its last fields
            for position in range(keys):
                field = layout[position]
                kind, slot, entry, count = kinds[field], slots[field], entries[field], counts[field]
                if position and not gone:
                    if at < end and data[at] == _COLON:
                        at += 1
                    else:
                        gone = True
                entries[field] = entry + 1
                if gone:
                    if kind == OTHER:
                        spans[slot, 0, entry] = -1
                        continue
                    if kind == GENOTYPE:
                        alleles[count], allele_known[count], phases[entry] = 0, 0, UNTOLD
                        allele_offsets[entry + 1] = count + 1
                    else:
                        values[slot * most + count], known[slot * most + count] = 0, 0
                        offsets[slot * (room + 1) + entry + 1] = count + 1
                    counts[field] = count + 1
                elif kind == GENOTYPE:
                    at, counts[field], phases[entry] = _read_genotype(
                        data, at, end, alleles, allele_known, count
                    )
                    allele_offsets[entry + 1] = counts[field]
                elif kind == OTHER:
                    spans[slot, 0, entry] = at
                    while at < end and data[at] != _COLON and data[at] != _TAB:
                        at += 1
                    spans[slot, 1, entry] = at
                    if at == spans[slot, 0, entry]:
                        at = -1
                else:
                    base = slot * most
                    at, reached = _read_numbers(data, at, end, values, known, base + count)
                    counts[field] = reached - base
                    offsets[slot * (room + 1) + entry + 1] = reached - base
                    if kind == NUMBER and reached - base != count + 1:
                        at = -1
                if at < 0:
                    plain = False
                    break
            if not plain:
                break
        if not plain or at != end:
            doubtful[record] = 1
            entries[:], counts[:] = before_entries, before_counts
            continue
        for position in range(keys):
            present[layout[position], record] = 1
