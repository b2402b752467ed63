"""De-identify the rows of a source table, column by column, by the action that each field declares.

Rules that hold for every table:

- The first `subject` column says whose row it is. A subject that the vault doesn't know is nobody's.
- A row of nobody has no shift: under `expert` its dates and date-times become null and the dates in its texts
  are replaced, since an unshifted date beside shifted ones would betray the shift. Under `safe_harbor` years
  need no person.
- Ages are told at the person's death where that is known, else at `today`; dates of birth and years that would tell an
  age over 89 are cut to the youngest year of the group under both profiles, other dates under `safe_harbor`.
- Under `expert` a year is that of the shifted date, and the group's that of the shifted death: a true one beside a
  shifted date would narrow the shift. Partial dates move by whole months and years (`dates.whole_shift`).
- A postal code keeps three digits, 000 where the area is small, under both profiles: an expert's
  determination rests on small cells too.
- What a schema doesn't declare is dropped; a column that it declares and the rows lack is a programming
  error.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal
from contracts.identity import Person
from contracts.keys import Key
from contracts.privacy import OLDEST_AGE, Action, Profile
from tasks.deidentification import dates
from tasks.deidentification.header import HeaderCleaner
from tasks.deidentification.keyed import surrogate_uid
from tasks.deidentification.policy import TextPolicy
from tasks.deidentification.resource import ResourceCleaner
from tasks.deidentification.terms import TermCleaner
from tasks.deidentification.text import Scrubber

RESERVED = ("_record", "_owner", "_version", "_digest")
"""Columns that pass through as they are; they hold numbers, digests and version stamps."""


@dataclass(frozen=True)
class _Rows:
    """Whose the rows of a table are: by row, an index into `persons` (-1: nobody)."""

    index: np.ndarray
    persons: Sequence[Person]
    today: date
    of_people: bool = True
    """Whether the table is about patients: one without a subject is about clinicians, places, things."""

    def numbers(self, of: Callable[[Person], int], nobody: int | None) -> pa.Array:
        """An int64 by row, computed once a person."""
        values = np.array([*(of(p) for p in self.persons), nobody or 0], dtype=np.int64)
        mask = self.index < 0 if nobody is None else None
        return pa.array(values[self.index], pa.int64(), mask=mask)  # -1 picks the last: nobody's

    @property
    def shifts(self) -> pa.Array:
        return self.numbers(lambda p: p.shift_days, None)

    @property
    def references(self) -> pa.Array:
        return self.numbers(lambda p: dates.reference_year(p, self.today), self.today.year)

    @property
    def shifted_references(self) -> pa.Array:
        return self.numbers(lambda p: dates.shifted_reference_year(p, self.today), self.today.year)

    @property
    def whole_shifts(self) -> tuple[pa.Array, pa.Array]:
        """Of partial dates, in years and in months."""
        return (
            self.numbers(lambda p: dates.whole_shift(p.shift_days, "Y"), None),
            self.numbers(lambda p: dates.whole_shift(p.shift_days, "M"), None),
        )

    def people(self) -> list[Person | None]:
        """Each row's person."""
        known = [*self.persons, None]
        return [known[i] for i in self.index]

    def take(self, parents: pa.Array) -> _Rows:
        """The same for the elements of a list column."""
        index = self.index[parents.to_numpy(zero_copy_only=False)]
        return _Rows(index, self.persons, self.today, self.of_people)


class Deidentifier:
    """De-identifies the tables of one source under one profile and key.

    Args:
        key: every id and surrogate UID is keyed by it.
        profile: what may remain of dates, years and texts.
        people: the persons of the unit, by `Identity.subject`.
        today: the round's date; ages are told by it.
        source_authority: the assigning authority by which references inside resources are resolved.
        text: how free text is treated; tags and no model unless told.
        zone: the source's time zone, by which moments inside resources are told.
    """

    def __init__(
        self,
        key: Key,
        profile: Profile,
        people: Mapping[str, Person],
        *,
        today: date,
        source_authority: str,
        text: TextPolicy | None = None,
        zone: str = "UTC",
    ) -> None:
        self.key = key
        self.profile = Profile(profile)
        self.people = people
        self.today = today
        self.source_authority = source_authority
        self.scrubber = Scrubber(self.profile, today, text, key)
        self._terms = TermCleaner(self.scrubber)
        self._headers = HeaderCleaner(key, self.profile, today, self.scrubber)
        self._resources = ResourceCleaner(
            key, self.profile, people, today, source_authority, self.scrubber, zone
        )
        self._actions: dict[Action, Callable[[pa.Array, _Rows, Mapping[str, str]], pa.Array]] = {
            Action.KEEP: lambda column, rows, meta: column,
            Action.SUBJECT: self._subject,
            Action.ID: self._id,
            Action.UID: self._uid,
            Action.DATE: self._date,
            Action.DATETIME: self._datetime,
            Action.YEAR: self._year,
            Action.TEXT: lambda column, rows, meta: self.scrubber.scrub_column(column, rows.people()),
            Action.TERM: self._term,
            Action.ZIP: lambda column, rows, meta: shorten_zip(column),
            Action.HEADER: self._header,
            Action.RESOURCE: self._resource,
        }

    def apply(self, rows: pa.Table | pa.RecordBatch, schema: pa.Schema) -> pa.Table:
        """The de-identified rows.

        Args:
            rows: as a connector emits them. A column that `schema` lacks (open tables) is judged by the
                metadata that its own field carries.
            schema: the table's declaration, made of `contracts.schemas.field`.

        Returns:
            One row for each row, in order: declared columns under their output names, then the reserved ones.

        Raises:
            Fatal: an unknown action, a declared column that is missing, or two values with one keyed id.
        """
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        table = table.combine_chunks()
        fields = [schema.field(n) if n in schema.names else table.schema.field(n) for n in table.schema.names]
        declared = [(f, _metadata(f)) for f in fields if f.name not in RESERVED]
        chosen = [(f, m, _action(f, m)) for f, m in declared if "action" in m]
        _check_columns(table, schema)
        whose = self._whose(table, chosen)
        names, columns = [], []
        for one, meta, action in chosen:
            if action is not Action.DROP:
                names.append(meta.get("output", one.name))
                columns.append(self._column(table, one.name, action, whose, meta))
        for name in RESERVED:
            if name in table.schema.names:
                names.append(name)
                columns.append(_array(table, name))
        return pa.table(dict(_unique(names, columns)))

    def person_of(self, subject: str | None) -> Person | None:
        """The person behind an encoded identity; None where the vault knows nobody."""
        return self.people.get(subject) if subject else None

    def _whose(self, table: pa.Table, chosen: Sequence[tuple[pa.Field, Mapping[str, str], Action]]) -> _Rows:
        subject = next((f.name for f, _, action in chosen if action is Action.SUBJECT), None)
        if subject is None:
            return _Rows(np.full(table.num_rows, -1, dtype=np.int64), (), self.today, of_people=False)
        return self._rows_of(_array(table, subject))

    def _rows_of(self, subjects: pa.Array) -> _Rows:
        coded = subjects.dictionary_encode()
        found = [self.person_of(s) for s in coded.dictionary.to_pylist()]
        persons = list({id(p): p for p in found if p}.values())
        position = {id(p): i for i, p in enumerate(persons)}
        by_code = np.array([*(position[id(p)] if p else -1 for p in found), -1], dtype=np.int64)
        codes = pc.fill_null(coded.indices, len(found)).to_numpy(zero_copy_only=False)
        return _Rows(by_code[codes], persons, self.today)

    def _column(
        self, table: pa.Table, name: str, action: Action, rows: _Rows, meta: Mapping[str, str]
    ) -> pa.Array:
        column = _array(table, name)
        if _holds_nothing(column):
            return _nothing(column, action)
        if action is Action.PRECISION:
            return self._precision(column, _array(table, meta["of"]), rows)
        beside = meta.get("code", "") if action is Action.TERM else ""
        if not beside:
            return self._treat(action, column, rows, meta)
        # The words of nobody's row stand on their code: where that goes, they go.
        coded = pc.is_valid(self._term(_array(table, beside), rows, {}))
        return self._terms.clean(column, rows.index, rows.persons, "display", coded)

    def _term(self, column: pa.Array, rows: _Rows, meta: Mapping[str, str]) -> pa.Array:
        return self._terms.clean(column, rows.index, rows.persons, meta.get("term", "code"), None)

    def _treat(self, action: Action, column: pa.Array, rows: _Rows, meta: Mapping[str, str]) -> pa.Array:
        kind = column.type
        if _holds_nothing(column):
            return _nothing(column, action)
        if action is Action.KEEP or not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
            return self._actions[action](column, rows, meta)
        parents = pc.list_parent_indices(column)
        inner = self._treat(action, pc.list_flatten(column), rows.take(parents), meta)
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        mask = pc.is_null(column) if column.null_count else None
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), inner, mask=mask)

    def _subject(self, column: pa.Array, _rows: _Rows, _meta: Mapping[str, str]) -> pa.Array:
        return self._rows_of(column).numbers(lambda p: p.person_id, None)

    def _id(self, column: pa.Array, _rows: _Rows, meta: Mapping[str, str]) -> pa.Array:
        space = meta.get("space", "")
        if not space:
            raise Fatal("an id column names no space", meta.get("output", "id"), "field(..., space=...)")
        return _id_each(column, space, self.key)

    def _uid(self, column: pa.Array, _rows: _Rows, _meta: Mapping[str, str]) -> pa.Array:
        return _by_value(
            column, lambda values: [surrogate_uid(self.key, v) for v in values], pa.string(), "uid"
        )

    def _date(self, column: pa.Array, rows: _Rows, meta: Mapping[str, str]) -> pa.Array:
        days = _each_once(column, dates.parse_dates)
        if self.profile is Profile.SAFE_HARBOR:
            return dates.first_days(dates.grouped_years(days, rows.references))
        moved = dates.shift_dates(days, rows.shifts)
        moved = dates.shift_partial(moved, column, days, *rows.whole_shifts)
        if not meta.get("birth"):
            return moved
        youngest = dates.first_days(pc.subtract(rows.shifted_references, OLDEST_AGE))
        return pc.if_else(_tells_great_age(days, moved, rows), youngest, moved)

    def _datetime(self, column: pa.Array, rows: _Rows, _meta: Mapping[str, str]) -> pa.Array:
        if self.profile is Profile.SAFE_HARBOR:
            return pa.nulls(len(column), pa.timestamp("us"))
        return dates.shift_datetimes(_each_once(column, dates.parse_datetimes), rows.shifts)

    def _year(self, column: pa.Array, rows: _Rows, _meta: Mapping[str, str]) -> pa.Array:
        if self.profile is Profile.EXPERT and rows.of_people:
            return pc.year(self._date(column, rows, {"birth": "yes"})).cast(pa.int32())
        return dates.grouped_years(_each_once(column, dates.parse_dates), rows.references)

    def _precision(self, column: pa.Array, stated: pa.Array, rows: _Rows) -> pa.Array:
        """How much is told of the date of birth `stated`."""
        days = _each_once(stated, dates.parse_dates)
        told = self._date(stated, rows, {"birth": "yes"})
        whole = pc.if_else(pc.is_valid(told), column, None)
        if self.profile is Profile.EXPERT:
            return pc.if_else(_tells_great_age(days, told, rows), "year", whole)
        return pc.if_else(pc.is_valid(whole), "year", None)

    def _header(self, column: pa.Array, rows: _Rows, _meta: Mapping[str, str]) -> pa.Array:
        return _by_row(column, rows, self._headers.clean)

    def _resource(self, column: pa.Array, rows: _Rows, _meta: Mapping[str, str]) -> pa.Array:
        return _by_row(column, rows, self._resources.clean)


def _tells_great_age(born: pa.Array, shifted: pa.Array, rows: _Rows) -> pa.Array:
    """Which dates of birth tell that their person is 90 or over, by the true years."""
    age = pc.subtract(rows.references, pc.year(born))
    return pc.fill_null(pc.and_(pc.greater_equal(age, OLDEST_AGE), pc.is_valid(shifted)), False)


def shorten_zip(column: pa.Array) -> pa.Array:
    """US postal codes -> their first three digits, 000 for small areas; null for what is no US postal
    code."""
    import polars as pl

    codes = pl.Series("zip", column.cast(pa.large_string())).str.strip_chars()
    areas = codes.str.extract(r"^(\d{3})(?:\d{2}(?:[- ]?\d{4})?)?$", 1).to_arrow().cast(pa.string())
    return pc.if_else(pc.is_in(areas, pa.array(sorted(restricted_areas()), pa.string())), "000", areas)


@lru_cache(maxsize=1)
def restricted_areas() -> frozenset[str]:
    """Three-digit ZIP areas to be shown as 000, from `zip3_restricted.csv`, whose header names its
    vintage."""
    text = (files(__package__) / "zip3_restricted.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(row["zip3"] for row in rows)


def _by_row(
    column: pa.Array, rows: _Rows, clean: Callable[[dict[str, object], Person | None], dict[str, object]]
) -> pa.Array:
    """Clean a column of JSON objects; null, and what is no object, becomes null."""
    out: list[str | None] = []
    for text, person in zip(column.to_pylist(), rows.people(), strict=True):
        parsed = orjson.loads(text) if text else None
        out.append(orjson.dumps(clean(parsed, person)).decode() if isinstance(parsed, dict) else None)
    return pa.array(out, pa.string())


_MADE = {
    Action.SUBJECT: pa.int64(),
    Action.ID: pa.int64(),
    Action.UID: pa.string(),
    Action.DATE: pa.date32(),
    Action.DATETIME: pa.timestamp("us"),
    Action.YEAR: pa.int32(),
    Action.TEXT: pa.string(),
    Action.ZIP: pa.string(),
    Action.HEADER: pa.string(),
    Action.RESOURCE: pa.string(),
}
"""What type an action makes of a column; the others leave it."""


def _holds_nothing(column: pa.Array) -> bool:
    """Whether a column is null throughout, or holds lists of which each is empty."""
    if column.null_count == len(column):
        return True
    return pa.types.is_list(column.type) and not column.null_count and not len(pc.list_flatten(column))


def _nothing(column: pa.Array, action: Action) -> pa.Array:
    """What an action makes of a column that holds nothing."""
    if action is Action.KEEP:
        return column
    listed = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    kind = column.type.value_type if listed else column.type
    made = _MADE.get(action, kind)
    if not listed:
        return pa.nulls(len(column), made)
    lists = pa.list_(made)
    if column.null_count:
        return pa.nulls(len(column), lists)
    return pa.ListArray.from_arrays(pa.array(np.zeros(len(column) + 1, np.int32)), pa.nulls(0, made))


def _each_once(column: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Change each distinct text once: a patient's records share days."""
    if not pa.types.is_string(column.type):
        return change(column)
    coded = column.dictionary_encode()
    return change(coded.dictionary).take(coded.indices)


def _id_each(column: pa.Array, space: str, key: Key) -> pa.Array:
    """`key.id63(space, value)` of each value, null for blank ones; different values must stay different."""
    coded = column.cast(pa.string()).dictionary_encode()
    values = coded.dictionary
    begin, found = key.hasher(space, 8).copy, []
    for value in values.cast(pa.binary()).to_pylist():
        one = begin()
        one.update(value)
        found.append(one.digest())
    numbers = np.frombuffer(b"".join(found), ">u8") >> np.uint64(1)
    keyed = pa.array(np.maximum(numbers, 1).astype(np.int64))
    if len(pc.unique(keyed)) != len(keyed):
        raise Fatal("two values have the same keyed id", space, "rotate the key")
    blank = pc.or_(pc.equal(values, ""), pc.utf8_is_space(values))
    return pc.if_else(blank, None, keyed).take(coded.indices)


def _by_value(
    column: pa.Array, make: Callable[[list[str]], Sequence[object]], kind: pa.DataType, place: str
) -> pa.Array:
    """Map each distinct non-empty string once; different values must stay different."""
    coded = column.cast(pa.string()).dictionary_encode()
    values = coded.dictionary.to_pylist()
    named = [bool(v and v.strip()) for v in values]
    used = make([v for v, there in zip(values, named, strict=True) if there])
    keyed = iter(used)
    made = [next(keyed) if there else None for there in named]
    if len(set(used)) != len(used):
        raise Fatal("two values have the same keyed id", place, "rotate the key")
    return pa.array(made, kind).take(coded.indices)


def _metadata(column: pa.Field) -> dict[str, str]:
    return {k.decode(): v.decode() for k, v in (column.metadata or {}).items()}


def _action(column: pa.Field, meta: Mapping[str, str]) -> Action:
    try:
        return Action(meta["action"])
    except ValueError:
        legal = f"one of {', '.join(Action)}"
        raise Fatal("a column declares an unknown action", f"column {column.name}", legal) from None


def _check_columns(table: pa.Table, schema: pa.Schema) -> None:
    for column in schema:
        meta = _metadata(column)
        absent = column.name not in table.schema.names and column.name not in RESERVED and "action" in meta
        if absent and _action(column, meta) is not Action.DROP:
            raise Fatal("a declared column is missing", f"column {column.name}", "emit every declared column")


def _array(table: pa.Table, name: str) -> pa.Array:
    column = table[name]
    if column.num_chunks == 0:
        return pa.array([], column.type)
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _unique(names: Sequence[str], columns: Sequence[pa.Array]) -> list[tuple[str, pa.Array]]:
    if len(set(names)) != len(names):
        double = next(n for n in names if names.count(n) > 1)
        raise Fatal("two columns have one output name", f"column {double}", "give each its own `output`")
    return list(zip(names, columns, strict=True))
