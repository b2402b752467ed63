"""Numbers in text, as htslib reads them (VCF 4.5, section 1.3); what it would read otherwise is doubtful."""

from __future__ import annotations

from typing import Any

import numpy as np

from connectors.vcf.bulk.compiled import compiled

Bytes = np.ndarray
LEAST_INTEGER = -(2**31) + 8  # below are htslib's marks for missing values (section 6.3.3)
MOST_INTEGER = 2**31 - 1
_MINUS, _POINT, _ZERO, _NINE = 45, 46, 48, 57
_LETTER_E, _LETTER_LOWER_E = 69, 101
_TENS = 10.0 ** np.arange(23)  # exact, as doubles


@compiled
def read_integer(data: Bytes, begin: int, end: int) -> tuple[Any, bool]:
    """An Integer and whether it is a plain one."""
    at = begin
    negative = at < end and data[at] == _MINUS
    if negative:
        at += 1
    if at >= end or end - at > 10:
        return 0, False
    value = np.int64(0)
    while at < end:
        digit = np.int64(data[at]) - _ZERO
        if digit < 0 or digit > 9:
            return 0, False
        value = value * 10 + digit
        at += 1
    if negative:
        value = -value
    return value, bool(LEAST_INTEGER <= value <= MOST_INTEGER)


@compiled
def read_float(data: Bytes, begin: int, end: int) -> tuple[float, bool]:
    """A Float and whether it is a plain one: up to 15 digits and a power of ten that a double holds exactly.

    Then one division or multiplication rounds correctly, as `strtod` does.
    """
    at = begin
    negative = at < end and data[at] == _MINUS
    if negative:
        at += 1
    digits, mantissa, decimals, pointed = 0, np.int64(0), 0, False
    first = at
    while at < end:
        byte = data[at]
        if byte == _POINT and not pointed:
            pointed = True
        elif _ZERO <= byte <= _NINE:
            mantissa = mantissa * 10 + (np.int64(byte) - _ZERO)
            digits += 1 if mantissa else 0
            decimals += 1 if pointed else 0
        else:
            break
        at += 1
        if digits > 15:
            return 0.0, False
    if at == first or not _ZERO <= data[at - 1] <= _NINE:
        return 0.0, False
    power = -decimals
    if at < end:
        if data[at] != _LETTER_E and data[at] != _LETTER_LOWER_E:
            return 0.0, False
        begun = at + 2 if at + 1 < end and data[at + 1] == 43 else at + 1
        exponent, plain = read_integer(data, begun, end)
        if not plain or exponent > 99 or exponent < -99:
            return 0.0, False
        power += exponent
    if power > 22 or power < -22:
        return 0.0, False
    value = float(mantissa) / _TENS[-power] if power < 0 else float(mantissa) * _TENS[power]
    return (-value if negative else value), True


@compiled
def read_integers(
    data: Bytes, begins: Bytes, ends: Bytes, values: np.ndarray, known: np.ndarray, bad: np.ndarray
) -> None:
    """The Integers of spans; a `.` is not known, a doubtful one bad."""
    for i in range(len(begins)):
        begin, end = begins[i], ends[i]
        if begin < 0 or (end - begin == 1 and data[begin] == _POINT):
            values[i] = 0
            continue
        value, plain = read_integer(data, begin, end)
        values[i] = value
        known[i] = 1
        if not plain:
            bad[i] = 1


@compiled
def read_floats(
    data: Bytes, begins: Bytes, ends: Bytes, values: np.ndarray, known: np.ndarray, bad: np.ndarray
) -> None:
    """The Floats of spans, in single precision."""
    for i in range(len(begins)):
        begin, end = begins[i], ends[i]
        if begin < 0 or (end - begin == 1 and data[begin] == _POINT):
            values[i] = 0.0
            continue
        value, plain = read_float(data, begin, end)
        values[i] = value
        known[i] = 1
        if not plain:
            bad[i] = 1
