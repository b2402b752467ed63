"""Lines that differ in a few values only: sorted into patterns, so that each pattern is parsed once.

An export is written by one program, so thousands of its lines are the same but for ids, references, moments and
numbers. Here these values are found by where quotes lie, without parsing; a *pattern* is a line with stand-ins in their
place. A line whose quotes cannot be trusted (escapes, control characters, an odd number of them) or that is like no
other has none. Patterns are lines like any others, and whatever is read from them holds for their lines, as long as it
copies values and does not look into them; `connectors.fhir.finding` sees to that.

Why this is exact: where no quote is escaped, quotes open and close strings in turn, so what lies between the 2n-th and
the next is a string token, whatever the line says. Without quotes, escapes and control characters inside, it can stand
for any other such string; a number (`_NUMBER`) can stand for any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

FEWEST = 256
"""Fewer lines than this are parsed one by one, as are those of which too many differ."""
STAND_IN = "8135400710"
"""How stand-ins begin: digits that stand for a place by its number, as text and as a number."""
_MOST_PATTERNS = 0.5
_ATTEMPTS = 8
_FEWEST_ALIKE = 16
_MOST_PLACES = 40
_BASE = float(STAND_IN) * 100
_QUOTE, _HASH, _BACKSLASH, _NEWLINE, _RETURN, _SPACE = 34, 35, 92, 10, 13, 32
_INLINE = 12  # bytes of text that a string view holds itself
_BEFORE = 8  # bytes before a value by which its key is known again
_TOKEN = re.compile(rb'"([^"]*)"')
_NAMED = frozenset(
    b"id reference value lastUpdated versionId issued date start end authoredOn recorded recordedDate recordedOn "
    b"assertedDate dateAsserted dateWritten whenHandedOver whenPrepared receivedTime fullUrl".split()
)
"""Keys whose values differ from line to line, beside `*DateTime`."""
_AFTER_KEY = re.compile(rb"[ \t]*:[ \t]*")
_NUMBER_AFTER_KEY = re.compile(rb"([ \t]*:[ \t]*)(-?[0-9][0-9.]*)([ \t\r\n,}\]].*)$", re.DOTALL)
_ENDS_NUMBER = np.isin(np.arange(256), list(b" \t\r\n,}]"))
_NUMBER = r"^(?:-?[1-9][0-9]{0,14}(?:\.[0-9]{1,24})?|0(?:\.[0-9]{1,24})?|-0\.[0-9]{0,24}[1-9])$"
"""Numbers that any reader takes for the same: no exponent, no negative zero."""

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Patterns:
    """Lines by pattern.

    Attributes:
        texts: the patterns: lines with stand-ins.
        of: by line, its pattern; 0 for those apart.
        apart: the lines that have no pattern, ascending.
        starts, ends: where the value at each place lies in `data`, (places, lines); of lines without that place 0.
        data: the bytes of the lines.
    """

    texts: pa.Array
    of: Ints
    apart: Ints
    starts: Ints
    ends: Ints
    data: Bytes

    def values(self, place: int | Ints, lines: Ints) -> pa.Array:
        """The values of some lines at a place, or each at a place of its own, as text."""
        return cut(self.data, self.starts[place, lines], self.ends[place, lines])


def text_of_place(place: int) -> str:
    """The stand-in for the string at a place."""
    return f"{STAND_IN}-{place:02d}"


def number_of_place(place: int) -> float:
    """The stand-in for the number at a place; exact in binary, as in text."""
    return _BASE + place + 0.5


def place_of(text: str) -> int | None:
    """The place that a text stands for; None where it is no stand-in."""
    found = re.fullmatch(rf"{STAND_IN}(?:-(\d\d)|(\d\d)\.5)", text)
    return int(found[1] or found[2]) if found else None


def places_of(numbers: Ints | npt.NDArray[np.float64]) -> Ints:
    """The places that numbers stand for, -1 for those that are no stand-ins."""
    place = np.nan_to_num(numbers - (_BASE + 0.5), nan=-1.0, posinf=-1.0, neginf=-1.0)
    return np.where((place >= 0) & (place < 100) & (place == np.floor(place)), place, -1).astype(np.int64)


def find_patterns(lines: pa.Array, *, numbers: bool = True) -> Patterns | None:
    """Sort lines into patterns; None where that does not pay.

    Args:
        lines: JSON, a string a line.
        numbers: whether numbers have stand-ins too, where the key is `value`.
    """
    count = len(lines)
    if count < FEWEST:
        return None
    data, bounds = _bytes_of(lines)
    marks = np.empty(len(data), bool)  # made once: to touch new memory costs as much as to look
    quotes = np.flatnonzero(np.equal(data, _QUOTE, out=marks))
    first = np.searchsorted(quotes, bounds)
    held = np.diff(first)
    held[_distrusted(data, bounds, marks) | (held % 2 == 1)] = 0
    sorter = _Sorter(data, bounds, quotes, first, numbers)
    groups = [group for number in np.unique(held[held > 0]) for group in sorter.sort(held == number)]
    return _gather(groups, lines, data)


def _bytes_of(lines: pa.Array) -> tuple[Bytes, Ints]:
    """The bytes behind a string array, and where each string begins, and the end."""
    _, offsets, data = lines.buffers()
    bounds = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    begin = int(bounds[0])
    return np.frombuffer(data, np.uint8)[begin : int(bounds[-1])], bounds.astype(np.int64) - begin


def _distrusted(data: Bytes, bounds: Ints, marks: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The lines with escapes, or with control characters before their end (which no string may hold)."""
    wrong = np.zeros(len(bounds) - 1, bool)
    odd = np.zeros(0, np.int64)
    if np.equal(data, _BACKSLASH, out=marks).any():
        odd = np.flatnonzero(marks)
    ended = np.count_nonzero(data[bounds[1:] - 1] == _NEWLINE)
    if (
        np.count_nonzero(np.less(data, _SPACE, out=marks)) != ended
    ):  # more than the newlines at the ends of lines
        found = np.flatnonzero(marks)
        end = bounds[np.searchsorted(bounds, found, side="right")]
        is_newline = (data[found] == _NEWLINE) & (found == end - 1)
        is_return = (data[found] == _RETURN) & (found == end - 2) & (data[end - 1] == _NEWLINE)
        odd = np.concatenate([odd, found[~(is_newline | is_return)]])
    wrong[np.searchsorted(bounds, odd, side="right") - 1] = True
    return wrong


@dataclass(frozen=True)
class _Place:
    """Where a value lies in the lines of a shape: after the quote `quote` of the line, between `lead` and `tail` bytes.

    A string lies between its own quotes; a number between the quote that closes its key and the next one.
    """

    quote: int
    numeric: bool = False
    lead: int = 0
    tail: int = 0


@dataclass(frozen=True)
class _Group:
    """Lines of one shape: their indices, and the values' bounds, (places, lines)."""

    lines: Ints
    numeric: list[bool]
    starts: Ints
    ends: Ints
    bounds: tuple[Ints, Ints]


class _Sorter:
    """Finds groups of lines of one shape among those with the same number of quotes."""

    def __init__(self, data: Bytes, bounds: Ints, quotes: Ints, first: Ints, numbers: bool) -> None:
        self.data, self.bounds, self.quotes, self.first = data, bounds, quotes, first
        self.numbers = numbers
        self.windows = _windows(data, "<u8")

    def sort(self, among: npt.NDArray[np.bool_]) -> Iterator[_Group]:
        """Groups of the lines in `among`: the first that is left is the example for those like it."""
        left = np.flatnonzero(among)
        for _ in range(_ATTEMPTS):
            if len(left) < _FEWEST_ALIKE:
                return
            example = int(left[0])
            places = find_places(
                self.data[self.bounds[example] : self.bounds[example + 1]].tobytes(), self.numbers
            )
            if places:
                group, fits = self._group(left, places)
                if len(group.lines) >= _FEWEST_ALIKE:
                    yield group
                    left = left[~fits]
                    continue
            left = left[1:]

    def _group(self, lines: Ints, places: list[_Place]) -> tuple[_Group, npt.NDArray[np.bool_]]:
        starts, ends = self._spans(lines, places)
        fits: npt.NDArray[np.bool_] = np.all(ends >= starts, axis=0)
        for span, place, end in zip(starts, places, ends, strict=True):
            before = self.windows[np.maximum(span - _BEFORE, 0)]
            fits &= before == before[0]
            if place.numeric:
                fits &= _ENDS_NUMBER[self.data[np.minimum(end, len(self.data) - 1)]]
                legal = pc.match_substring_regex(cut(self.data, span, np.maximum(end, span)), _NUMBER)
                fits &= legal.to_numpy(zero_copy_only=False)
            else:  # `#` names what the line itself contains
                fits &= self.data[np.minimum(span, len(self.data) - 1)] != _HASH
        chosen = lines[fits]
        bounds = (self.bounds[chosen], self.bounds[chosen + 1])
        numeric = [place.numeric for place in places]
        return _Group(chosen, numeric, starts[:, fits], ends[:, fits], bounds), fits

    def _spans(self, lines: Ints, places: list[_Place]) -> tuple[Ints, Ints]:
        first, last = self.first[lines], self.first[lines + 1]
        starts, ends = [], []
        for place in places:
            at = first + place.quote
            starts.append(self.quotes[at] + 1 + place.lead)
            following = self.quotes[np.minimum(at + 1, len(self.quotes) - 1)]
            end = np.where(at + 1 < last, following, self.bounds[lines + 1])
            ends.append(end - place.tail)
        return np.stack(starts), np.stack(ends)


def find_places(line: bytes, numbers: bool) -> list[_Place]:
    """Where a line has values that other lines of its shape may have others of, in order; none where there are many."""
    found: list[_Place] = []
    tokens = list(_TOKEN.finditer(line))
    before = key = b""
    is_value = False
    for number, token in enumerate(tokens):
        end = tokens[number + 1].start() if number + 1 < len(tokens) else len(line)
        gap = line[token.end() : end]
        if _AFTER_KEY.match(gap):
            before, key = key, token[1]
            numeric = _NUMBER_AFTER_KEY.match(gap) if numbers and key == b"value" else None
            if numeric:
                found.append(_Place(2 * number + 1, True, len(numeric[1]), len(numeric[3])))
        elif is_value and _varies(key, before):
            found.append(_Place(2 * number))
        is_value = _AFTER_KEY.fullmatch(gap) is not None
    return found if len(found) <= _MOST_PLACES else []


def _varies(key: bytes, before: bytes) -> bool:
    return key in _NAMED or key.endswith(b"DateTime") or (key == b"display" and before == b"reference")


def _gather(groups: Sequence[_Group], lines: pa.Array, data: Bytes) -> Patterns | None:
    """One set of patterns for all groups and the lines that are in none; None where there are too many."""
    if not groups:
        return None
    count = len(lines)
    of = np.full(count, -1, np.int64)
    places = max(len(group.starts) for group in groups)
    starts, ends = np.zeros((2, places, count), np.int64)
    texts, known = [], 0
    for group in groups:
        own, found = _patterns_of(group, data)
        of[group.lines] = own + known
        starts[: len(group.starts), group.lines] = group.starts
        ends[: len(group.ends), group.lines] = group.ends
        texts.append(found)
        known += len(found)
    apart = np.flatnonzero(of < 0)
    if known + len(apart) > _MOST_PATTERNS * count:
        return None
    of[apart] = 0
    stand_ins = sum(len(group.starts) * len(found) for group, found in zip(groups, texts, strict=True))
    if (
        pc.sum(pc.count_substring(pa.concat_arrays([*texts, lines.take(pa.array(apart))]), STAND_IN)).as_py()
        != stand_ins
    ):
        return None  # a line happens to hold these digits
    return Patterns(pa.concat_arrays(texts), of, apart, starts, ends, data)


def _patterns_of(group: _Group, data: Bytes) -> tuple[Ints, pa.Array]:
    """Which pattern each line of a group has, and the patterns: what lies between the values, told apart."""
    begins = [group.bounds[0], *group.ends]
    stops = [*group.starts, group.bounds[1]]
    code, parts = np.zeros(len(group.lines), np.int64), []
    for begin, stop in zip(begins, stops, strict=True):
        text = cut(data, begin, stop)
        parts.append(text)
        if not _is_constant(text):
            part = text.dictionary_encode()
            code = _numbered(code * len(part.dictionary) + part.indices.to_numpy())
    which = np.zeros(int(code.max()) + 1, np.int64)
    which[code[::-1]] = np.arange(len(code))[::-1]
    pieces: list[pa.Array | str] = []
    for place, text in enumerate(parts):
        if place:
            numeric = group.numeric[place - 1]
            pieces.append(str(number_of_place(place - 1)) if numeric else text_of_place(place - 1))
        pieces.append(text.take(pa.array(which)))
    return code, pc.binary_join_element_wise(*pieces, "")


def _is_constant(text: pa.Array) -> bool:
    """Whether all texts are seen to be one: equal in length, and in bytes."""
    offsets = np.frombuffer(text.buffers()[1], np.int32)
    length = int(offsets[1] - offsets[0])
    if not length or int(offsets[-1]) != length * len(text) or (np.diff(offsets) != length).any():
        return int(offsets[-1]) == 0
    raw = np.frombuffer(text.buffers()[2], np.uint8)[: length * len(text)].reshape(-1, length)
    return bool((raw == raw[0]).all())


def _numbered(code: Ints) -> Ints:
    """The same distinctions by the numbers from 0."""
    numbers: Ints = pa.array(code).dictionary_encode().indices.to_numpy().astype(np.int64)
    return numbers


def cut(data: Bytes, starts: Ints, ends: Ints) -> pa.Array:
    """The text in each of the spans of `data`, copied."""
    lengths = ends - starts
    if not len(lengths):
        return pa.array([], pa.string())
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest != longest or not shortest:
        return _view(data, starts, lengths, shortest).cast(pa.string())
    offsets = (np.arange(len(starts) + 1) * longest).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(_windows(data, f"V{longest}")[starts])]
    return pa.Array.from_buffers(pa.string(), len(starts), buffers)


def _windows(data: Bytes, kind: str) -> npt.NDArray[Any]:
    """The bytes from each place on, as values of a type, without a copy."""
    width = np.dtype(kind).itemsize
    return np.ndarray((max(len(data) - width + 1, 0),), kind, data, strides=(1,))


def _view(data: Bytes, starts: Ints, lengths: Ints, shortest: int) -> pa.Array:
    """Spans as string views (Arrow's columnar format): a length, and either up to twelve bytes of text or its first
    four, the buffer's number (0) and the place in it."""
    made = np.zeros((len(starts), 16), np.uint8)
    numbers = made.view(np.int32)
    numbers[:, 0], numbers[:, 3] = lengths, starts
    heads, last = _windows(data, f"V{_INLINE}"), len(data) - _INLINE
    rows = np.flatnonzero(lengths <= _INLINE) if shortest <= _INLINE else np.zeros(0, np.int64)
    long = np.flatnonzero(lengths > _INLINE) if len(rows) else slice(None)
    numbers[long, 1] = _windows(data, "<i4")[starts[long]]
    for row in rows[starts[rows] > last].tolist():  # the window would end beyond the data
        head = data[starts[row] :][: lengths[row]]
        made[row, 4 : 4 + len(head)] = head
        made[row, 4 + len(head) :] = 0
    rows = rows[starts[rows] <= last]
    inside = heads[starts[rows]].view(np.uint8).reshape(-1, _INLINE)
    made[rows, 4:] = np.where(np.arange(_INLINE) < lengths[rows][:, None], inside, 0)
    return pa.Array.from_buffers(
        pa.string_view(), len(starts), [None, pa.py_buffer(made), pa.py_buffer(data)]
    )
