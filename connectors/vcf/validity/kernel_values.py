"""Compiled looks at single values: numbers, alleles, how many values there are. In doubt they say so, and know no rule.

Every read is within the line. Codes of kinds and numbers are those that `screen` gives.
"""

from __future__ import annotations

import numpy as np

from connectors.vcf.bulk.compiled import compiled

TEXT, INTEGER, FLOAT, FLAG, CHARACTER, GENOTYPE, DIRTY = 0, 1, 2, 3, 4, 5, 9
ANY, PER_ALTERNATE, PER_ALLELE, PER_GENOTYPE, PER_PLOIDY = -1, -2, -3, -4, -5
TAB, COMMA, SEMICOLON, COLON, EQUALS, POINT = 9, 44, 59, 58, 61, 46
DOUBT = -1

Array = np.ndarray


@compiled
def find_text(data: Array, a: int, b: int, slots: Array, begins: Array, blob: Array) -> int:
    """The number of a text in a table, -1 where it is not there."""
    code = np.uint64(14695981039346656037)
    for i in range(a, b):
        code = (code ^ np.uint64(data[i])) * np.uint64(1099511628211)
    mask = len(slots) - 1
    at = np.int64((code ^ (code >> np.uint64(32))) & np.uint64(mask))
    while slots[at] >= 0:
        one = slots[at]
        if begins[one + 1] - begins[one] == b - a:
            same = True
            for i in range(b - a):
                if blob[begins[one] + i] != data[a + i]:
                    same = False
                    break
            if same:
                return int(one)
        at = (at + 1) & mask
    return -1


@compiled
def number_end(data: Array, p: int, e: int, kind: int, signed: bool) -> int:
    """Where a plain number that begins at `p` ends; -1 where none begins or it is too long to be sure."""
    if p < e and (data[p] == 45 or data[p] == 43):
        if data[p] == 45 and not signed:
            return DOUBT
        p += 1
    first = p
    while p < e and 48 <= data[p] <= 57:
        p += 1
    digits = p - first
    if kind == INTEGER:
        return p if 0 < digits < 10 else DOUBT
    if p < e and data[p] == POINT:
        p += 1
        first = p
        while p < e and 48 <= data[p] <= 57:
            p += 1
        digits += p - first
    if digits == 0:
        return DOUBT
    if p < e and (data[p] == 101 or data[p] == 69):
        p += 1
        if p < e and (data[p] == 45 or data[p] == 43):
            p += 1
        first = p
        while p < e and 48 <= data[p] <= 57:
            p += 1
        if p == first:
            return DOUBT
    return p


@compiled
def is_base(byte: int) -> bool:
    """Whether a byte is A, C, G, T or N, in either case."""
    upper = byte & 0xDF
    return upper == 65 or upper == 67 or upper == 71 or upper == 84 or upper == 78


@compiled
def _same(data: Array, a: int, b: int, c: int, d: int) -> bool:
    if b - a != d - c:
        return False
    for i in range(b - a):  # noqa: SIM110 - a kernel
        if data[a + i] != data[c + i]:
            return False
    return True


@compiled
def count_alternates(data: Array, a: int, b: int, ref: int, ref_end: int) -> int:
    """How many alleles ALT has, 0 for `.`; -1 in doubt."""
    if b - a == 1 and data[a] == POINT:
        return 0
    count, p = 0, a
    while True:
        begin, bases = p, True
        while p < b and data[p] != COMMA:
            bases = bases and is_base(data[p])
            if not 33 <= data[p] <= 126:
                return DOUBT
            p += 1
        if p == begin or _same(data, begin, p, ref, ref_end) or count == 64:
            return DOUBT
        if not bases and not _is_symbolic(data, begin, p):
            return DOUBT
        other = a
        while other < begin:  # the alleles before
            q = other
            while data[q] != COMMA:
                q += 1
            if _same(data, begin, p, other, q):
                return DOUBT
            other = q + 1
        count += 1
        if p >= b:
            return count
        p += 1


@compiled
def _is_symbolic(data: Array, a: int, b: int) -> bool:
    if b - a == 1:
        return bool(data[a] == 42)
    if b - a < 3 or data[a] != 60 or data[b - 1] != 62:
        return False
    for i in range(a + 1, b - 1):  # noqa: SIM110 - a kernel
        if data[i] == 60 or data[i] == 62:
            return False
    return True


@compiled
def fits(count: int, number: int, alternates: int, ploidy: int) -> bool:
    """Whether a field surely may have so many values; see `fields.count_fits`."""
    if number == ANY:
        return True
    if number >= 0:
        return count == number
    if number == PER_ALTERNATE:
        return count == alternates or (alternates == 0 and count == 1)
    if number == PER_ALLELE:
        return count == alternates + 1 or (alternates == 0 and count == 2)
    if ploidy == 0:
        return True
    if number == PER_PLOIDY:
        return count == ploidy
    if ploidy > 2:
        return False
    expected = alternates + 1 if ploidy == 1 else (alternates + 1) * (alternates + 2) // 2
    return count == expected or (alternates == 0 and count == ploidy + 1)


@compiled
def count_values(data: Array, p: int, e: int, kind: int, signed: bool) -> int:
    """How many values stand between `p` and `e`, all of them of their kind; 0 for a single `.`; -1 in doubt."""
    if e - p == 1 and data[p] == POINT:
        return 0
    count = 0
    while True:
        begin = p
        if p < e and data[p] == POINT and (p + 1 == e or data[p + 1] == COMMA):
            p += 1
        elif kind in (INTEGER, FLOAT):
            p = number_end(data, p, e, kind, signed)
            if p < 0:
                return DOUBT
        else:
            while p < e and data[p] != COMMA:
                if not 33 <= data[p] <= 126:
                    return DOUBT
                p += 1
            if kind == CHARACTER and p - begin != 1:
                return DOUBT
        count += 1
        if p == e:
            return count
        if data[p] != COMMA:
            return DOUBT
        p += 1


@compiled
def is_frequency(data: Array, p: int, e: int) -> bool:
    """Whether all values, which are unsigned numbers or missing, are surely at most 1."""
    while p < e:
        begin = p
        while p < e and 48 <= data[p] <= 57:
            p += 1
        whole = p - begin
        zero = whole == 0 or (whole == 1 and data[begin] == 48)
        one = whole == 1 and data[begin] == 49 and (p == e or data[p] == COMMA)
        while p < e and (data[p] == POINT or 48 <= data[p] <= 57):
            p += 1
        small = False
        if p < e and data[p] != COMMA:  # an exponent
            p += 1
            minus = p < e and data[p] == 45
            while p < e and data[p] != COMMA:
                small = small or (minus and 49 <= data[p] <= 57)
                p += 1
            if not small or whole > 1:
                return False
        elif not (zero or one):
            return False
        p += 1
    return True


@compiled
def read_position(data: Array, a: int, b: int) -> int:
    """POS; -1 where it is none, or beyond 32 bits."""
    position = 0
    if not 0 < b - a < 11:
        return -1
    for i in range(a, b):
        if not 48 <= data[i] <= 57:
            return -1
        position = position * 10 + int(data[i]) - 48
    return position if position <= 2147483647 else -1
