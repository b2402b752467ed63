"""The compiled look at lines: which of them are surely without fault. It knows no rule; in doubt it says "judge"."""

from __future__ import annotations

import numpy as np

from connectors.vcf.bulk.compiled import compiled
from connectors.vcf.validity.kernel_values import (
    CHARACTER,
    COLON,
    COMMA,
    DIRTY,
    DOUBT,
    EQUALS,
    FLAG,
    FLOAT,
    GENOTYPE,
    INTEGER,
    POINT,
    SEMICOLON,
    TAB,
    Array,
    count_alternates,
    count_values,
    find_text,
    fits,
    is_base,
    is_frequency,
    number_end,
    read_position,
)
from connectors.vcf.validity.screened import CHANGED, CONTIG_BYTES, EMPTY, FIXED, OVERLAPS, SAMPLES, UNSORTED

PLAIN, END_POSITION, FREQUENCY = 0, 1, 2
_UNKNOWN = 256


@compiled
def _info_value(
    data: Array,
    a: int,
    b: int,
    kind: int,
    number: int,
    signed: bool,
    meaning: int,
    position: int,
    alternates: int,
) -> bool:
    """Whether the value of an INFO key is surely without fault."""
    if kind == FLAG or a == b or data[a] == 34:
        return False
    count = count_values(data, a, b, kind, signed)
    if count == 0:
        return True
    if count < 0 or not fits(count, number, alternates, 0):
        return False
    if meaning == END_POSITION:
        return read_position(data, a, b) >= position
    return meaning != FREQUENCY or is_frequency(data, a, b)


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
    if e - a == 1 and data[a] == POINT:
        return 0
    if a >= e:
        return 1
    p = a
    while True:
        begin = p
        while p < e and data[p] != EQUALS and data[p] != SEMICOLON:
            p += 1
        key = find_text(data, begin, p, slots, begins, blob)
        if key < 0:
            return 1 if p == begin else 2
        kind = kinds[key]
        if kind == DIRTY or seen[key] == line:
            return 1
        seen[key] = line
        if p < e and data[p] == EQUALS:
            p += 1
            value = p
            while p < e and data[p] != SEMICOLON:
                p += 1
            signed = counts[key] == 0
            if not _info_value(
                data, value, p, kind, numbers[key], signed, meanings[key], position, alternates
            ):
                return 1
        elif kind != FLAG:
            return 1
        if p >= e:
            return 0
        p += 1


@compiled
def _ends(data: Array, p: int, e: int) -> bool:
    """Whether a value ends at `p`."""
    return p >= e or data[p] == COLON or data[p] == TAB


@compiled
def _genotype(data: Array, p: int, e: int, alternates: int) -> tuple[int, int]:
    """Where a genotype ends, -1 in doubt; and its ploidy, 0 where it is missing."""
    if p < e and data[p] == POINT and _ends(data, p + 1, e):
        return p + 1, 0
    ploidy = 0
    while p < e:
        ploidy += 1
        if data[p] == POINT:
            p += 1
        else:
            allele, begin = 0, p
            while p < e and 48 <= data[p] <= 57:
                allele = allele * 10 + int(data[p]) - 48
                p += 1
            if not 0 < p - begin < 6 or allele > alternates:
                return DOUBT, 0
        if _ends(data, p, e):
            return p, ploidy
        if data[p] != 47 and data[p] != 124:
            return DOUBT, 0
        p += 1
    return DOUBT, 0


@compiled
def _value_end(data: Array, p: int, e: int, kind: int, signed: bool) -> int:
    """Where one value of a sample ends, -1 in doubt."""
    begin = p
    if data[p] == POINT and (_ends(data, p + 1, e) or data[p + 1] == COMMA):
        return p + 1
    if kind == INTEGER:
        while p < e and 48 <= data[p] <= 57:
            p += 1
        return p if 0 < p - begin < 10 else number_end(data, begin, e, kind, signed)
    if kind == FLOAT:
        return number_end(data, p, e, kind, signed)
    while p < e and data[p] != COMMA and data[p] != COLON and data[p] != TAB:
        if not 32 <= data[p] <= 126:
            return DOUBT
        p += 1
    return DOUBT if kind == CHARACTER and p - begin != 1 else p


@compiled
def _values(
    data: Array, p: int, e: int, kind: int, number: int, signed: bool, alternates: int, ploidy: int
) -> int:
    """Where the values of one key end, -1 in doubt."""
    if p >= e or _ends(data, p, e):
        return DOUBT
    first, count = p, 0
    while p < e:
        p = _value_end(data, p, e, kind, signed)
        if p < 0:
            return DOUBT
        count += 1
        if p < e and data[p] == COMMA:
            p += 1
            continue
        missing = p - first == 1 and data[first] == POINT
        return p if _ends(data, p, e) and (missing or fits(count, number, alternates, ploidy)) else DOUBT
    return DOUBT


@compiled
def _integers(data: Array, p: int, e: int, number: int, alternates: int, ploidy: int) -> int:
    """Where whole numbers without sign, none missing, end; -1 where they are not that. What most values are."""
    count, begin = 1, p
    while p < e:
        byte = data[p]
        if 48 <= byte <= 57:
            p += 1
            continue
        if not 0 < p - begin < 10:
            return DOUBT
        if byte != COMMA:
            break
        count += 1
        p += 1
        begin = p
    if not 0 < p - begin < 10 or (p < e and data[p] != COLON and data[p] != TAB):
        return DOUBT
    return p if fits(count, number, alternates, ploidy) else DOUBT


@compiled
def _is_diploid(data: Array, p: int, e: int, alternates: int) -> bool:
    """Whether a genotype of two single-digit alleles ends before the next value. What most genotypes are."""
    if p + 3 >= e or data[p + 1] not in (47, 124) or data[p + 3] not in (COLON, TAB):
        return False
    one, other, most = int(data[p]) - 48, int(data[p + 2]) - 48, min(alternates, 9)
    return bool(0 <= one <= most and 0 <= other <= most)


@compiled
def _samples(
    data: Array, p: int, e: int, samples: int, alternates: int, kinds: Array, numbers: Array, counts: Array
) -> bool:
    """Whether the samples' columns, from `p` on, are surely as many as they should be and without fault."""
    for _ in range(samples):
        if p >= e:
            return False
        if data[p] == POINT and (p + 1 == e or data[p + 1] == TAB):
            p += 2
            continue
        ploidy, ended = 0, False
        for key in range(len(kinds)):
            kind = kinds[key]
            if kind == GENOTYPE:
                if _is_diploid(data, p, e, alternates):
                    p, ploidy = p + 3, 2
                else:
                    p, ploidy = _genotype(data, p, e, alternates)
            else:
                q = _integers(data, p, e, numbers[key], alternates, ploidy) if kind == INTEGER else DOUBT
                if q < 0:
                    signed = counts[key] == 0
                    q = _values(data, p, e, kind, numbers[key], signed, alternates, ploidy)
                p = q
            if p < 0:
                return False
            ended = p >= e or data[p] == TAB
            p += 1
            if ended:
                break
        if not ended:
            return False
    return bool(p == e + 1)


@compiled
def _follow(data: Array, a: int, b: int, position: int, span: int, contig: Array, state: Array) -> int:
    """How a record follows on the one before; `state` is the length of that one's contig, its position, and how far
    records reach."""
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
        if data[i] == SEMICOLON or not 33 <= data[i] <= 126:
            return False
    return b > a


@compiled
def _split(data: Array, start: int, end: int, tabs: Array) -> int:
    """Write where the first nine columns end; return how many of them end at a tab."""
    count, p = 0, start
    while count < 9 and p < end:
        if data[p] == TAB:
            tabs[count] = p
            count += 1
        p += 1
    for i in range(count, 9):
        tabs[i] = end
    return count


@compiled
def _before_info(data: Array, start: int, tabs: Array) -> bool:
    """Whether CHROM, ID, REF and QUAL are surely without fault; ALT and FILTER are looked at elsewhere."""
    if tabs[2] + 1 >= tabs[3]:
        return False
    for i in range(tabs[2] + 1, tabs[3]):
        if not is_base(data[i]):
            return False
    if not _is_name(data, start, tabs[0]) or not _is_identifier(data, tabs[1] + 1, tabs[2]):
        return False
    quality = count_values(data, tabs[4] + 1, tabs[5], FLOAT, False)
    return bool(quality == 0 or quality == 1)


@compiled
def _look(
    data: Array,
    end: int,
    line: int,
    tabs: Array,
    count: int,
    position: int,
    alternates: int,
    samples: int,
    info: tuple[Array, Array, Array, Array, Array, Array, Array, Array],
    filters: tuple[Array, Array, Array, Array],
    formats: tuple[Array, Array, Array, Array, Array],
    keys: tuple[Array, Array, Array],
    plans: Array,
) -> int:
    """Flags of FILTER, INFO, FORMAT and samples; `_UNKNOWN` with them where a text is not known yet."""
    flag = 0
    found = find_text(data, tabs[5] + 1, tabs[6], filters[0], filters[1], filters[2])
    if found < 0:
        flag |= FIXED | _UNKNOWN
    elif filters[3][found]:
        flag |= FIXED
    doubt = _info(
        data, tabs[6] + 1, tabs[7], line, position, alternates,
        info[0], info[1], info[2], info[3], info[4], info[5], info[6], info[7],
    )  # fmt: skip
    if doubt:
        flag |= FIXED | (_UNKNOWN if doubt == 2 else 0)
    if samples < 0:
        return flag if tabs[7] == end else flag | SAMPLES
    if count < 8:
        return flag | SAMPLES
    plan = find_text(data, tabs[7] + 1, tabs[8], formats[0], formats[1], formats[2])
    if plan < 0:
        return flag | SAMPLES | _UNKNOWN
    plans[line] = plan
    a, b = formats[3][plan], formats[3][plan + 1]
    if formats[4][plan]:
        flag |= SAMPLES
    elif samples == 0:
        flag |= SAMPLES if tabs[8] != end else 0
    elif not _samples(data, tabs[8] + 1, end, samples, alternates, keys[0][a:b], keys[1][a:b], keys[2][a:b]):
        flag |= SAMPLES
    return flag


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
        sure: at lines up to this one it does not stop: what is not known is in doubt.
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
        start, end = int(starts[line]), int(ends[line])
        flag = int(flags[line])
        if flag & EMPTY:
            continue
        count = _split(data, start, end, tabs)
        position = read_position(data, tabs[0] + 1, tabs[1])
        if count < 4 or position < 0 or tabs[0] - start > CONTIG_BYTES:
            flags[line] = FIXED | SAMPLES
            continue
        if positions[line] < 0:  # else it was stopped at, and how it follows is known
            flag |= _follow(data, start, tabs[0], position, tabs[3] - tabs[2] - 1, contig, state)
            positions[line] = position
        alternates = count_alternates(data, tabs[3] + 1, tabs[4], tabs[2] + 1, tabs[3])
        if count < 7 or alternates < 0:
            flags[line] = flag | FIXED | SAMPLES
            continue
        if not _before_info(data, start, tabs):
            flag |= FIXED
        flags[line] = flag
        flag |= _look(
            data, end, line, tabs, count, position, alternates, samples, info, filters, formats, keys, plans
        )
        if flag & _UNKNOWN and line > sure:
            for i in range(len(info[7])):
                info[7][i] = -1  # its keys are looked at again
            return line
        flags[line] = flag & ~_UNKNOWN
    return len(starts)
