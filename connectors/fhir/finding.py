"""What is found in lines, by path: once a pattern where lines have patterns, spread over the lines when asked for.

What holds a value of the line's own (an id, a reference, a moment, a number) shows as a stand-in in its pattern, and is
told for each line; everything else is the same in all lines of the pattern. A pattern whose stand-ins do not show as
they are (within other text, in a key's place) is of no use: its lines are looked at one by one. What was found in
patterns is kept for the next lines, as far as they are few.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import columns as c
from connectors.fhir.engine import query
from connectors.fhir.patterns import STAND_IN, Ints, Patterns, find_patterns, place_of, places_of
from connectors.fhir.references import has_logical_references

if TYPE_CHECKING:
    from connectors.fhir.taking import Structure

KEPT = 4096
"""So many patterns of a type are kept by a thread; beyond, it starts anew."""
_MOST_APART = 0.5
_ENTRIES = """
SELECT _record, unnest(json_extract(line, '$[*]'))::VARCHAR AS line FROM lines WHERE line IS NOT NULL
"""
_AS_KEY = rf'{STAND_IN}-\d\d"\s*:'
_local = threading.local()
Arrays = tuple[pa.Array, ...]


@dataclass
class Look:
    """What a structure's query finds in some texts.

    Attributes:
        valid: whether a text is JSON.
        columns: by path or name of an extra, an array of texts.
        inner: by prefix of a nested structure, the text (its index) of each entry, and what is in the entries.
        places: by column, the place of each stand-in, -1 for other values; only columns that have one.
        texts: the columns in which a stand-in is no number.
    """

    valid: pa.Array
    columns: dict[str, pa.Array]
    inner: dict[str, tuple[Ints, Look]] = field(default_factory=dict)
    places: dict[str, Ints] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    _made: dict[object, Arrays] = field(default_factory=dict, repr=False)

    def once(self, name: object, make: Callable[[Look], Arrays]) -> Arrays:
        """What `make` makes of it, made once for each `name`."""
        if name not in self._made:
            self._made[name] = make(self)
        return self._made[name]

    def take(self, names: Sequence[str]) -> list[pa.Array]:
        """Some columns."""
        return [self.columns[name] for name in names]


def look(structure: Structure, texts: pa.Array) -> Look:
    """Look into every text."""
    rows = pa.table({"line": texts, "_record": pa.array(np.arange(len(texts)))})
    found = query(structure.sql, rows) if len(texts) else structure.nothing
    names = [*structure.paths, *(extra.name for extra in structure.extras)]
    seen = Look(whole(found["_valid"]), {name: whole(found[name]) for name in names})
    for number, paths in enumerate(structure.rare.values()):
        seen.columns |= zip(paths, _spread_lists(whole(found[f"w{number}"]), len(paths)), strict=True)
    for nested in structure.nested:
        listed = seen.columns[nested.path]
        if listed.null_count == len(listed):
            entries = pa.table({"_record": pa.array([], pa.int64()), "line": pa.array([], pa.string())})
        else:
            entries = query(_ENTRIES, pa.table({"line": listed, "_record": rows["_record"]}))
        inside = look(nested.structure, whole(entries["line"]))
        seen.inner[nested.prefix] = (entries["_record"].to_numpy(), inside)
    return seen


def find(structure: Structure, lines: pa.Array, records: pa.Array) -> Found:
    """Look into lines, by pattern where the structure allows that and it pays."""
    patterns = find_patterns(lines, numbers=structure.copies_numbers) if structure.patterned else None
    if patterns is None:
        return Found([look(structure, lines)], records)
    book = _book_of(structure)
    index, usable = book.index(patterns.texts)
    apart = np.union1d(patterns.apart, np.flatnonzero(~usable[patterns.of]))
    if len(apart) > _MOST_APART * len(lines):
        return Found([look(structure, lines)], records)
    of = index[patterns.of]
    if not len(apart):
        return Found([book.seen], records, of, patterns, logical=book.has_logical)
    of[apart] = len(book.seen.valid) + np.arange(len(apart))
    alone = lines.take(pa.array(apart))
    logical = book.has_logical or _has_logical(alone)
    return Found([book.seen, look(structure, alone)], records, of, patterns, logical=logical)


class Found:
    """What was found in lines.

    Args:
        seen: in patterns, and in lines that have none.
        records: the record of each line.
        of: by line, the pattern or line in `seen` that tells of it; None where each line is there itself.
        patterns: where the values of lines are that have patterns.
        index: which of the lines of `patterns` these are; all by default.
        logical: whether a reference by identifier may be among them; None: not known.
    """

    def __init__(
        self,
        seen: list[Look],
        records: pa.Array,
        of: Ints | None = None,
        patterns: Patterns | None = None,
        index: Ints | None = None,
        logical: bool | None = None,
    ) -> None:
        self._seen, self.records, self.logical = seen, records, logical
        self._of, self._patterns, self._index = of, patterns, index
        self._chosen = None if of is None else pa.array(of)
        self._told: dict[str, pa.Array] = {}
        self._numbers: dict[int, pa.Array] = {}

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, name: str) -> pa.Array:
        """A column, a value a line."""
        if name in self._told:
            return self._told[name]
        once = _joined([seen.columns[name] for seen in self._seen])
        if self._of is None or not self._has_places(name):
            return self.spread(once)
        places = np.full(len(once), -1, np.int64)
        own = self._seen[0].places[name]
        places[: len(own)] = own
        at = places[self._of]
        if len(at) and (at == at[0]).all():
            return self._values(int(at[0])) if at[0] >= 0 else self.spread(once)
        values = self._values(np.maximum(at, 0))
        return pc.if_else(pa.array(at >= 0), values, self.spread(once))

    @property
    def valid(self) -> pa.Array:
        """Whether a line is JSON."""
        return self.spread(_joined([seen.valid for seen in self._seen]))

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self._seen[0].columns)

    def is_empty(self, name: str) -> bool:
        """Whether a column holds nothing."""
        return all(column.null_count == len(column) for column in (s.columns[name] for s in self._seen))

    def tell(self, name: str, values: pa.Array) -> None:
        """What a column is henceforth, a value a line."""
        self._told[name] = values

    def filter(self, mask: pa.Array) -> Found:
        """The lines where `mask` is true."""
        chosen = np.flatnonzero(mask.to_numpy(zero_copy_only=False))
        index = chosen if self._index is None else self._index[chosen]
        of = chosen if self._of is None else self._of[chosen]
        kept = Found(self._seen, self.records.filter(mask), of, self._patterns, index, self.logical)
        for name, values in self._told.items():
            kept.tell(name, values.filter(mask))
        return kept

    def is_own(self, name: str) -> bool:
        """Whether a column has values that are the line's own, not its pattern's."""
        return name in self._told or self._has_places(name)

    def has_numbers_alone(self, name: str) -> bool:
        """Whether what is the line's own in a column are numbers."""
        return name not in self._told and name not in self._seen[0].texts

    def once(self, name: object, make: Callable[[Look], Arrays]) -> Arrays:
        """What `make` makes of each pattern, one after the other."""
        made = [seen.once(name, make) for seen in self._seen]
        return made[0] if len(made) == 1 else tuple(map(_joined, zip(*made, strict=True)))

    def spread(self, once: pa.Array) -> pa.Array:
        """Values of patterns (scalars, or lists) over the lines."""
        if self._chosen is None:
            return once
        if once.null_count == len(once):
            return pa.nulls(len(self), once.type)
        return once.take(self._chosen)

    def spread_numbers(self, once: pa.Array) -> pa.Array:
        """`spread`; in numbers, and lists of them, the line's own number takes the place of a stand-in."""
        spread = self.spread(once)
        is_list = pa.types.is_list(once.type)
        kind = once.type.value_type if is_list else once.type
        if self._patterns is None or kind != pa.float64() or not len(self):
            return spread
        if is_list:
            rows = pc.list_parent_indices(spread).to_numpy()
            return pa.ListArray.from_arrays(_offsets(spread), self._filled(pc.list_flatten(spread), rows))
        return self._filled(spread, None)

    def counts(self, once: Ints) -> Ints:
        """Counts of patterns over the lines."""
        return once if self._of is None else once[self._of]

    def _has_places(self, name: str) -> bool:
        return self._patterns is not None and name in self._seen[0].places

    def _filled(self, values: pa.Array, rows: Ints | None) -> pa.Array:
        """Numbers, `rows` telling the line of each, without stand-ins."""
        if values.null_count == len(values):
            return values
        numbers = values.to_numpy(zero_copy_only=False)
        at = places_of(numbers)
        present = np.unique(at[at >= 0]).tolist()
        if not present:
            return values
        numbers, valid = numbers.copy(), pc.is_valid(values).to_numpy(zero_copy_only=False)
        for place in present:
            here = np.flatnonzero(at == place)
            lines = here if rows is None else rows[here]
            own = c.number_of(self._values(place, lines))
            numbers[here] = own.to_numpy(zero_copy_only=False)
            valid[here] = pc.is_valid(own).to_numpy(zero_copy_only=False)
        return pa.array(numbers, pa.float64(), mask=~valid)

    def _values(self, place: int | Ints, lines: Ints | None = None) -> pa.Array:
        assert self._patterns is not None
        if lines is None:
            lines = np.arange(len(self))
        return self._patterns.values(place, lines if self._index is None else self._index[lines])


class _Book:
    """The patterns of a structure that were met, and what is in them."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self._start()

    def _start(self) -> None:
        self._known: dict[str, int] = {}
        self._usable = np.zeros(0, bool)
        self.has_logical = False
        self.seen = look(self._structure, pa.array([], pa.string()))

    def index(self, texts: pa.Array) -> tuple[Ints, np.ndarray]:
        """The number of each pattern in `seen`, and whether it is of use."""
        wanted = texts.to_pylist()
        fresh = list(dict.fromkeys(text for text in wanted if text not in self._known))
        if fresh and len(self._known) + len(fresh) > KEPT:
            self._start()
            fresh = list(dict.fromkeys(wanted))
        if fresh:
            self._add(fresh)
        index = np.fromiter((self._known[text] for text in wanted), np.int64, len(wanted))
        return index, self._usable[index]

    def _add(self, texts: list[str]) -> None:
        written = pa.array(texts, pa.string())
        fresh = look(self._structure, written)
        self._usable = np.concatenate([self._usable, ~_spoiled(self._structure, fresh, written)])
        self.seen = _concat(self.seen, fresh)
        self.seen.places = {n: p for n, v in self.seen.columns.items() if (p := _places(v)) is not None}
        self.seen.texts = frozenset(n for n in self.seen.places if _has_texts(self.seen.columns[n]))
        self.has_logical |= _has_logical(written)
        first = len(self._known)
        self._known.update(zip(texts, range(first, first + len(texts)), strict=True))


def _book_of(structure: Structure) -> _Book:
    """This thread's book of the structure."""
    books: dict[int, _Book] = _local.__dict__.setdefault("books", {})
    if id(structure) not in books:
        books[id(structure)] = _Book(structure)
    return books[id(structure)]


def _has_logical(texts: pa.Array) -> bool:
    return has_logical_references("\n".join(texts.to_pylist()).encode())


def _concat(first: Look, second: Look) -> Look:
    """Both, one after the other."""
    inner = {}
    for prefix, (parents, inside) in first.inner.items():
        more, entries = second.inner[prefix]
        inner[prefix] = (np.concatenate([parents, more + len(first.valid)]), _concat(inside, entries))
    columns = {name: _joined([column, second.columns[name]]) for name, column in first.columns.items()}
    return Look(_joined([first.valid, second.valid]), columns, inner)


def _spoiled(structure: Structure, seen: Look, texts: pa.Array) -> np.ndarray:
    """In which patterns a stand-in does not show as it is, or which are no JSON."""
    wrong = pc.or_(pc.invert(seen.valid), pc.match_substring_regex(texts, _AS_KEY))
    mask: np.ndarray = wrong.to_numpy(zero_copy_only=False).copy()
    lists = {nested.path for nested in structure.nested}
    for name, column in seen.columns.items():
        if name not in lists:
            mask[_misplaced(column, copied=name in structure.copied)] = True
    for nested in structure.nested:
        parents, inside = seen.inner[nested.prefix]
        for name, column in inside.columns.items():
            copied = name in nested.structure.copied
            mask[parents[_misplaced(column, copied=copied, text=False)]] = True
    return mask


def _misplaced(column: pa.Array, *, copied: bool, text: bool = True) -> Ints:
    """Where a column holds a stand-in that is not all of it, or is a number that is not just copied."""
    places = _places(column)
    if places is None:
        return np.zeros(0, np.int64)
    held = pc.fill_null(pc.match_substring(column, STAND_IN), False).to_numpy(zero_copy_only=False)
    number = pc.fill_null(pc.ends_with(column, ".5"), False).to_numpy(zero_copy_only=False)
    legal = (places >= 0) & np.where(number, copied, text)
    return np.flatnonzero(held & ~legal)


def _has_texts(column: pa.Array) -> bool:
    """Whether a stand-in for a text is among the values."""
    return bool(pc.any(pc.match_substring(column, f"{STAND_IN}-")).as_py())


def _places(column: pa.Array) -> Ints | None:
    """The place of each stand-in in a column, -1 for other values; None where there is none."""
    if column.null_count == len(column):
        return None
    rows = pc.indices_nonzero(pc.match_substring(column, STAND_IN)).to_numpy()
    if not len(rows):
        return None
    places = np.full(len(column), -1, np.int64)
    for row, value in zip(rows.tolist(), column.take(pa.array(rows)).to_pylist(), strict=True):
        place = place_of(value)
        places[row] = -1 if place is None else place
    return places


def _spread_lists(lists: pa.Array, width: int) -> list[pa.Array]:
    """One array for each place in lists of one length; null where a list is."""
    if lists.null_count == len(lists):
        return [pa.nulls(len(lists), pa.string())] * width
    return [pc.list_element(lists, index) for index in range(width)]


def _offsets(lists: pa.Array) -> pa.Array:
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _joined(arrays: Sequence[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
