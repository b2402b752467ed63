"""The compiled look at lines: which of them are surely without fault. It knows no rule; in doubt it says "judge".

Lines are bytes; every read is within the line. Codes of kinds and numbers are those of `screen`.
"""

from __future__ import annotations

import numpy as np

from connectors.vcf.bulk.compiled import compiled
from connectors.vcf.validity.screened import CHANGED, CONTIG_BYTES, EMPTY, FIXED, OVERLAPS, SAMPLES, UNSORTED

TEXT, INTEGER, FLOAT, FLAG, CHARACTER, GENOTYPE, DIRTY = 0, 1, 2, 3, 4, 5, 9
ANY, PER_ALTERNATE, PER_ALLELE, PER_GENOTYPE, PER_PLOIDY = -1, -2, -3, -4, -5
PLAIN, END_POSITION, FREQUENCY = 0, 1, 2
_TAB, _COMMA, _SEMICOLON, _COLON, _EQUALS, _POINT = 9, 44, 59, 58, 61, 46
_DOUBT = -1

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
def _number_end(data: Array, p: int, e: int, kind: int, signed: bool) -> int:
    """Where a plain number that begins at `p` ends; -1 where none begins or it is too long to be sure."""
    if p < e and (data[p] == 45 or data[p] == 43):
        if data[p] == 45 and not signed:
            return _DOUBT
        p += 1
    first = p
    while p < e and 48 <= data[p] <= 57:
        p += 1
    digits = p - first
    if kind == INTEGER:
        return p if 0 < digits < 10 else _DOUBT
    if p < e and data[p] == _POINT:
        p += 1
        first = p
        while p < e and 48 <= data[p] <= 57:
            p += 1
        digits += p - first
    if digits == 0:
        return _DOUBT
    if p < e and (data[p] == 101 or data[p] == 69):
        p += 1
        if p < e and (data[p] == 45 or data[p] == 43):
            p += 1
        first = p
        while p < e and 48 <= data[p] <= 57:
            p += 1
        if p == first:
            return _DOUBT
    return p


@compiled
def _is_base(byte: int) -> bool:
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
def _alternates(data: Array, a: int, b: int, ref: int, ref_end: int) -> int:
    """How many alleles ALT has, 0 for `.`; -1 in doubt."""
    if b - a == 1 and data[a] == _POINT:
        return 0
    count, p = 0, a
    while True:
        begin, bases = p, True
        while p < b and data[p] != _COMMA:
            bases = bases and _is_base(data[p])
            if not 33 <= data[p] <= 126:
                return _DOUBT
            p += 1
        if p == begin or _same(data, begin, p, ref, ref_end) or count == 64:
            return _DOUBT
        if not bases and not _is_symbolic(data, begin, p):
            return _DOUBT
        other = a
        while other < begin:  # the alleles before
            q = other
            while data[q] != _COMMA:
                q += 1
            if _same(data, begin, p, other, q):
                return _DOUBT
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
def _fits(count: int, number: int, alternates: int, ploidy: int) -> bool:
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
def _tokens(data: Array, p: int, e: int, kind: int, signed: bool) -> int:
    """How many values stand between `p` and `e`, all of them of their kind; 0 for a single `.`; -1 in doubt."""
    if e - p == 1 and data[p] == _POINT:
        return 0
    count = 0
    while True:
        begin = p
        if p < e and data[p] == _POINT and (p + 1 == e or data[p + 1] == _COMMA):
            p += 1
        elif kind == INTEGER or kind == FLOAT:
            p = _number_end(data, p, e, kind, signed)
            if p < 0:
                return _DOUBT
        else:
            while p < e and data[p] != _COMMA:
                if not 33 <= data[p] <= 126:
                    return _DOUBT
                p += 1
            if kind == CHARACTER and p - begin != 1:
                return _DOUBT
        count += 1
        if p == e:
            return count
        if data[p] != _COMMA:
            return _DOUBT
        p += 1


@compiled
def _is_frequency(data: Array, p: int, e: int) -> bool:
    """Whether all values, which are unsigned numbers or missing, are surely at most 1."""
    while p < e:
        begin = p
        while p < e and 48 <= data[p] <= 57:
            p += 1
        whole = p - begin
        zero = whole == 0 or (whole == 1 and data[begin] == 48)
        one = whole == 1 and data[begin] == 49 and (p == e or data[p] == _COMMA)
        while p < e and (data[p] == _POINT or 48 <= data[p] <= 57):
            p += 1
        small = False
        if p < e and data[p] != _COMMA:  # an exponent
            p += 1
            minus = p < e and data[p] == 45
            while p < e and data[p] != _COMMA:
                small = small or (minus and 49 <= data[p] <= 57)
                p += 1
            if not small or whole > 1:
                return False
        elif not (zero or one):
            return False
        p += 1
    return True


@compiled
def _info(
    data: Array,
    a: int,
    e: int,
    line: int,
    position: int,
    alternates: int,
    slots: Array,
    begins: Array,
    blob: Array,
    kinds: Array,
    numbers: Array,
    counts: Array,
    meanings: Array,
    seen: Array,
) -> int:
    """0 where INFO is surely without fault, 1 in doubt, 2 where a key is not known yet."""
    if e - a == 1 and data[a] == _POINT:
        return 0
    if a >= e:
        return 1
    p = a
    while True:
        begin = p
        while p < e and data[p] != _EQUALS and data[p] != _SEMICOLON:
            p += 1
        key = find_text(data, begin, p, slots, begins, blob)
        if key < 0:
            return 1 if p == begin else 2
        kind = kinds[key]
        if kind == DIRTY or seen[key] == line:
            return 1
        seen[key] = line
        if p < e and data[p] == _EQUALS:
            p += 1
            value = p
            while p < e and data[p] != _SEMICOLON:
                p += 1
            if kind == FLAG or p == value or data[value] == 34:
                return 1
            count = _tokens(data, value, p, kind, counts[key] == 0)
            if count < 0 or (count > 0 and not _fits(count, numbers[key], alternates, 0)):
                return 1
            if meanings[key] == END_POSITION and count > 0:
                number = 0
                for i in range(value, p):
                    if not 48 <= data[i] <= 57:
                        return 1
                    number = number * 10 + np.int64(data[i] - 48)
                if number < position:
                    return 1
            elif meanings[key] == FREQUENCY and count > 0 and not _is_frequency(data, value, p):
                return 1
        elif kind != FLAG:
            return 1
        if p >= e:
            return 0
        p += 1


@compiled
def _samples(
    data: Array, p: int, e: int, samples: int, alternates: int, kinds: Array, numbers: Array, counts: Array
) -> bool:
    """Whether the samples' columns, from `p` on, are surely as many as they should be and without fault."""
    keys = len(kinds)
    for _ in range(samples):
        if p >= e:
            return False
        if data[p] == _POINT and (p + 1 == e or data[p + 1] == _TAB):
            p += 2
            continue
        key, ploidy = 0, 0
        while True:
            if key >= keys or p >= e:
                return False
            kind = kinds[key]
            if kind == GENOTYPE:
                if data[p] == _POINT and (p + 1 == e or data[p + 1] == _COLON or data[p + 1] == _TAB):
                    p += 1
                else:
                    while True:
                        if p >= e:
                            return False
                        ploidy += 1
                        if data[p] == _POINT:
                            p += 1
                        else:
                            allele, begin = 0, p
                            while p < e and 48 <= data[p] <= 57:
                                allele = allele * 10 + np.int64(data[p] - 48)
                                p += 1
                            if not 0 < p - begin < 6 or allele > alternates:
                                return False
                        if p < e and (data[p] == 47 or data[p] == 124):
                            p += 1
                            continue
                        break
            else:
                count, missing = 0, False
                while True:
                    begin = p
                    if kind == INTEGER and p < e and 48 <= data[p] <= 57:
                        p += 1
                        while p < e and 48 <= data[p] <= 57:
                            p += 1
                        if p - begin > 9:
                            return False
                    elif (
                        p < e
                        and data[p] == _POINT
                        and (
                            p + 1 == e
                            or data[p + 1] == _COMMA
                            or data[p + 1] == _COLON
                            or data[p + 1] == _TAB
                        )
                    ):
                        p += 1
                        missing = True
                    elif kind == INTEGER or kind == FLOAT:
                        p = _number_end(data, p, e, kind, counts[key] == 0)
                        if p < 0:
                            return False
                    else:
                        while p < e and data[p] != _COMMA and data[p] != _COLON and data[p] != _TAB:
                            if not 32 <= data[p] <= 126:
                                return False
                            p += 1
                        if kind == CHARACTER and p - begin != 1:
                            return False
                    count += 1
                    if p < e and data[p] == _COMMA:
                        p += 1
                        continue
                    break
                if count == 1 and p == begin:
                    return False  # an empty value
                if not (missing and count == 1) and not _fits(count, numbers[key], alternates, ploidy):
                    return False
            if p == e or data[p] == _TAB:
                p += 1
                break
            if data[p] != _COLON:
                return False
            key += 1
            p += 1
    return p == e + 1


@compiled
def _follow(
    data: Array, a: int, b: int, position: int, span: int, contig: Array, state: Array, again: bool
) -> int:
    """How a record follows on the one before; `state` is the length of that one's contig, its position, and how far
    records reach."""
    if again:
        return 0
    flags, length = 0, b - a
    same = state[0] == length
    if same:
        for i in range(length):
            if contig[i] != data[a + i]:
                same = False
                break
    if not same:
        flags = CHANGED
        state[0], state[2] = length, -1
        for i in range(length):
            contig[i] = data[a + i]
    elif position < state[1]:
        flags = UNSORTED
        state[2] = -1
    if position <= state[2]:
        flags |= OVERLAPS
    state[1] = position
    state[2] = max(state[2], position + max(span, 1) - 1)
    return flags


@compiled
def _is_name(data: Array, a: int, b: int) -> bool:
    for i in range(a, b):
        byte = data[i]
        if not (48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte in (95, 45, 46)):
            return False
    return b > a


@compiled
def _is_identifier(data: Array, a: int, b: int) -> bool:
    for i in range(a, b):
        if data[i] == _SEMICOLON or not 33 <= data[i] <= 126:
            return False
    return b > a


@compiled
def screen_lines(
    data: Array,
    starts: Array,
    ends: Array,
    begin: int,
    sure: int,
    samples: int,
    info: tuple[Array, Array, Array, Array, Array, Array, Array, Array],
    filters: tuple[Array, Array, Array, Array],
    formats: tuple[Array, Array, Array, Array, Array],
    keys: tuple[Array, Array, Array],
    contig: Array,
    state: Array,
    flags: Array,
    positions: Array,
    plans: Array,
) -> int:
    """Look at lines from `begin` on, until one has a text that is not known yet.

    Args:
        data, starts, ends: the lines.
        begin: the first to look at.
        sure: lines up to this one are not to be stopped at: what is not known is in doubt.
        samples: how many sample columns there are; -1 without a FORMAT column.
        info: table of INFO keys (slots, begins, blob), then their kinds, numbers, counts, meanings, lines last seen.
        filters: table of FILTER texts, then whether each is in doubt.
        formats: table of FORMAT texts, then where the keys of each begin, and whether their samples are in doubt.
        keys: kinds, numbers, counts of the keys of all FORMAT texts.
        contig, state: the record before, see `_follow`.
        flags, positions, plans: written, see `Lines`.

    Returns:
        The line that it stopped at; the number of lines at the end.
    """
    tabs = np.empty(9, np.int64)
    for line in range(begin, len(starts)):
        start, end = starts[line], ends[line]
        flag = flags[line]
        if flag & EMPTY:
            continue
        again = positions[line] >= 0  # it was stopped at: how it follows is known
        count, p = 0, start
        while count < 9 and p < end:
            if data[p] == _TAB:
                tabs[count] = p
                count += 1
            p += 1
        for i in range(count, 9):
            tabs[i] = end
        if count < 4:
            flags[line] = FIXED | SAMPLES
            continue
        position, is_position = np.int64(0), 0 < tabs[1] - tabs[0] - 1 < 11
        for i in range(tabs[0] + 1, tabs[1]):
            if not 48 <= data[i] <= 57:
                is_position = False
            position = position * 10 + np.int64(data[i]) - 48
        if is_position and tabs[0] - start <= CONTIG_BYTES:
            flag |= _follow(data, start, tabs[0], position, tabs[3] - tabs[2] - 1, contig, state, again)
            positions[line] = position
        else:
            flag |= FIXED
        ref = tabs[2] + 1
        alternates = _alternates(data, tabs[3] + 1, tabs[4], ref, tabs[3])
        if count < 7 or position > 2147483647 or alternates < 0 or tabs[3] <= ref:
            flag |= FIXED | SAMPLES
        else:
            for i in range(ref, tabs[3]):
                if not _is_base(data[i]):
                    flag |= FIXED
            if not _is_name(data, start, tabs[0]) or not _is_identifier(data, tabs[1] + 1, tabs[2]):
                flag |= FIXED
            quality = _tokens(data, tabs[4] + 1, tabs[5], FLOAT, False)
            if quality < 0 or quality > 1:
                flag |= FIXED
            found = find_text(data, tabs[5] + 1, tabs[6], filters[0], filters[1], filters[2])
            if found < 0:
                if line > sure:
                    flags[line] = flag
                    return line
                flag |= FIXED
            elif filters[3][found]:
                flag |= FIXED
            doubt = _info(
                data, tabs[6] + 1, tabs[7], line, position, alternates,
                info[0], info[1], info[2], info[3], info[4], info[5], info[6], info[7],
            )  # fmt: skip
            if doubt == 2 and line > sure:
                flags[line] = flag
                for i in range(len(info[7])):
                    info[7][i] = -1  # it is looked at again
                return line
            if doubt:
                flag |= FIXED
            if samples < 0:
                if tabs[7] != end:
                    flag |= SAMPLES
            elif count < 8:
                flag |= SAMPLES
            else:
                plan = find_text(data, tabs[7] + 1, tabs[8], formats[0], formats[1], formats[2])
                if plan < 0 and line > sure:
                    flags[line] = flag
                    for i in range(len(info[7])):
                        info[7][i] = -1
                    return line
                if plan < 0 or formats[4][plan]:
                    flag |= SAMPLES
                else:
                    plans[line] = plan
                    a, b = formats[3][plan], formats[3][plan + 1]
                    if samples == 0:
                        if tabs[8] != end:
                            flag |= SAMPLES
                    elif not _samples(
                        data, tabs[8] + 1, end, samples, alternates,
                        keys[0][a:b], keys[1][a:b], keys[2][a:b],
                    ):  # fmt: skip
                        flag |= SAMPLES
        flags[line] = flag
    return len(starts)
