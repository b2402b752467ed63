"""How columns are taken from lines of JSON: all paths of a type in one pass, what is rare in a second over few lines.

A `Structure` says where a type's columns come from; `connectors.fhir.structure` holds one for each type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial, reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import columns as c
from connectors.fhir.codings import coding_of
from connectors.fhir.engine import query
from connectors.fhir.finding import Found, Look

_PATH = re.compile(r"<(\$[^<>]*)>")
_VOIDED = {"status", "doc_status", "verification_status"}
Made = dict[str, pa.Array]


@dataclass(frozen=True)
class Extra:
    """A column made in SQL, for what Arrow cannot do; `<$.path>` in it is what the path finds, `line` the line."""

    name: str
    sql: str

    @property
    def paths(self) -> list[str]:
        """The paths that it reads."""
        return _PATH.findall(self.sql)


@dataclass(frozen=True)
class Taken:
    """Columns `names`, made by `make` from one array for each of `paths`, `extra` and `rare`, and the source's zone.

    `rare` paths are looked for only in lines that have nothing at any of the paths `unless`. `copies` are paths of
    whose numbers no more is told than the number itself (`columns.number_of`), and that there is one.
    """

    names: tuple[str, ...]
    paths: tuple[str, ...]
    make: Callable[..., tuple[pa.Array, ...]]
    extra: tuple[Extra, ...] = ()
    rare: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()

    @cached_property
    def sources(self) -> list[str]:
        """The columns of `Structure.sql` that `make` reads."""
        return [*self.paths, *(extra.name for extra in self.extra), *self.rare]

    def made(self, seen: Look, *, zone: str) -> tuple[pa.Array, ...]:
        """The columns of what was seen in patterns."""
        return self.make(*seen.take(self.sources), zone=zone)


@dataclass(frozen=True)
class Nested:
    """List columns from an array element, one value an entry: `<prefix>_<name>` for each name of the structure's.

    `numbered` adds `<prefix>_id`: the record's id, `#` and the entry's number from 1.
    """

    path: str
    prefix: str
    structure: Structure
    numbered: bool = False


@dataclass(frozen=True)
class Structure:
    """How one type is read.

    Attributes:
        taken: its columns.
        extra: further columns made in SQL.
        patient: the element that names the patient.
        nested: list columns.
        finish: makes columns of columns, in place.
        kept_whole: (column, values): a record with such a value is no event, and is kept whole instead. Without
            values: a record that lacks all of the columns.
        patterned: lines may be looked at by pattern (`connectors.fhir.patterns`). No `extra` may then depend on what
            the values are that differ from line to line, but on whether a reference begins with `#`.
    """

    taken: tuple[Taken, ...]
    extra: tuple[Extra, ...] = ()
    patient: str = "$.subject"
    nested: tuple[Nested, ...] = ()
    finish: Callable[[Made], None] | None = None
    kept_whole: tuple[tuple[str, str], ...] = ()
    patterned: bool = False

    @cached_property
    def copied(self) -> frozenset[str]:
        """The paths at which numbers are just copied."""
        copying = {path for taken in self.taken for path in taken.copies}
        others = {path for taken in self.taken for path in set(taken.sources).difference(taken.copies)}
        return frozenset(copying - others)

    @cached_property
    def copies_numbers(self) -> bool:
        """Whether any number is just copied."""
        return bool(self.copied) or any(nested.structure.copies_numbers for nested in self.nested)

    @cached_property
    def head(self) -> tuple[str, str, str]:
        """The paths of id, version and patient."""
        return "$.id", "$.meta.lastUpdated", f"{self.patient}.reference"

    @cached_property
    def extras(self) -> list[Extra]:
        """All columns made in SQL."""
        return list(dict.fromkeys([*self.extra, *(extra for taken in self.taken for extra in taken.extra)]))

    @cached_property
    def paths(self) -> list[str]:
        """All paths but the rare ones, each once; the first are those of `head`."""
        own = [path for taken in self.taken for path in (*taken.paths, *taken.unless)]
        own += [nested.path for nested in self.nested]
        return list(dict.fromkeys([*self.head, *own]))

    @cached_property
    def rare(self) -> dict[tuple[str, ...], list[str]]:
        """The rare paths by those that must all find nothing; each path once, whoever reads it."""
        found: dict[tuple[str, ...], list[str]] = {}
        known = set(self.paths)
        for taken in self.taken:
            fresh = [path for path in taken.rare if path not in known]
            if fresh:
                found.setdefault(taken.unless, []).extend(fresh)
                known.update(fresh)
        return found

    @cached_property
    def sql(self) -> str:
        """One row a line of the relation `lines` (line, _record): `_record`, `_valid` (is JSON), each path, each extra,
        and a list of what is at the paths of each group of rare ones."""
        wanted = list(dict.fromkeys([*self.paths, *(path for extra in self.extras for path in extra.paths)]))
        place = {path: f"v[{i + 1}]" for i, path in enumerate(wanted)}
        seconds = []
        for number, (unless, paths) in enumerate(self.rare.items()):
            absent = " AND ".join(f"{place[path]} IS NULL" for path in unless)
            seconds.append(
                f", CASE WHEN v IS NOT NULL AND {absent} THEN json_extract_string(line, [{_quoted(paths)}]) END"
                f" AS w{number}"
            )
        found = "".join(f', {place[path]} AS "{path}"' for path in self.paths)
        found += "".join(f", w{number}" for number in range(len(seconds)))
        for extra in self.extras:
            expression = _PATH.sub(lambda match: place[match[1]], extra.sql)
            found += f', {expression} AS "{extra.name}"'
        parsed = f"SELECT _record, line, TRY(json_extract_string(line, [{_quoted(wanted)}])) AS v FROM lines"
        second = f"SELECT _record, line, v{''.join(seconds)} FROM ({parsed})" if seconds else parsed
        return f"SELECT _record, v IS NOT NULL AS _valid{found} FROM ({second})"

    def columns(self, found: Found, zone: str) -> Made:
        """The type's columns, and `_id`, `_version`, `_patient`, a value a line."""
        identity, version, patient = (found[path] for path in self.head)
        made = {
            "_id": c.plain(identity),
            "_version": c.instants(version),
            "_patient": c.referred(patient, "Patient"),
            **self.take(found, zone),
        }
        for nested in self.nested:
            made |= _nest(nested, found, made["_id"], zone)
        if self.finish:
            self.finish(made)
        return made

    def take(self, found: Found, zone: str) -> Made:
        """The columns of `taken` alone. What is the same in all lines of a pattern is made once."""
        made: Made = {}
        for number, taken in enumerate(self.taken):
            own = [name for name in taken.sources if found.is_own(name)]
            if own and not (self.copied.issuperset(own) and all(map(found.has_numbers_alone, own))):
                values = taken.make(*(found[name] for name in taken.sources), zone=zone)
            else:
                once = found.once((number, zone), partial(taken.made, zone=zone))
                values = tuple(map(found.spread_numbers if own else found.spread, once))
            made.update(zip(taken.names, values, strict=True))
        return made

    @cached_property
    def nothing(self) -> pa.Table:
        """What `sql` finds in no line."""
        return query(
            self.sql, pa.table({"line": pa.array([], pa.string()), "_record": pa.array([], pa.int64())})
        )

    def whole(self, made: pa.Table) -> pa.Array | None:
        """Which rows are no events, so that they are kept whole; None where all are events."""
        mask = None
        for column, values in self.kept_whole:
            found = pc.is_in(made[column], pa.array(values.split())) if values else _lacks(made, column)
            mask = found if mask is None else pc.or_(mask, found)
        if mask is None or not pc.any(mask).as_py():
            return None
        for column in _VOIDED & set(made.column_names):  # what its source has declared void is rejected
            mask = pc.and_not(mask, pc.equal(pc.coalesce(made[column], ""), "entered-in-error"))
        return mask


def _lacks(made: pa.Table, columns: str) -> pa.ChunkedArray:
    """Which rows have none of the columns, named with blanks between them."""
    first, *others = (pc.is_null(made[column]) for column in columns.split())
    return reduce(pc.and_, others, first)


def _nest(nested: Nested, found: Found, ids: pa.Array, zone: str) -> Made:
    """The list columns of an array element; an empty list where a record has none."""

    def make(seen: Look) -> tuple[pa.Array, ...]:
        parents, inside = seen.inner[nested.prefix]
        counts = np.bincount(parents, minlength=len(seen.valid))
        entries = nested.structure.take(Found([inside], pa.array(parents)), zone)
        return (pa.array(counts), *(_lists(counts, values) for values in entries.values()))

    counts, *lists = found.once((nested.prefix, zone), make)
    names = (name for taken in nested.structure.taken for name in taken.names)
    made = dict(zip(names, map(found.spread_numbers, lists), strict=True))
    if nested.numbered:
        of_line = found.counts(counts.to_numpy())
        line = np.repeat(np.arange(len(ids)), of_line)
        number = np.arange(len(line)) - (np.cumsum(of_line) - of_line)[line] + 1
        numbers = pa.array(number, pa.int64()).cast(pa.string())
        made["id"] = _lists(of_line, pc.binary_join_element_wise(ids.take(pa.array(line)), numbers, "#"))
    return {f"{nested.prefix}_{name}": values for name, values in made.items()}


def _lists(counts: np.ndarray, values: pa.Array) -> pa.Array:
    """Lists of so many of the values each."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _quoted(paths: list[str]) -> str:
    return ", ".join(f"'{path}'" for path in paths)


def simple(name: str, path: str, change: Callable[[pa.Array], pa.Array]) -> Taken:
    """One column from one path."""
    return Taken((name,), (path,), lambda v, zone: (change(v),))


def one_of(name: str, path: str, codes: str) -> Taken:
    """One of the codes that FHIR lists."""
    return simple(name, path, partial(c.within, allowed=codes.split()))


def reference(name: str, path: str, kind: str) -> Taken:
    """The id of a resource of type `kind` that the element at `path` refers to."""
    return simple(name, f"{path}.reference", partial(c.referred, kind=kind))


def provider(name: str, *paths: str) -> Taken:
    """The practitioner whom the first of the elements refers to that refers to one."""

    def make(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        return (pc.coalesce(*map(c.provider, values)),)

    return Taken((name,), tuple(f"{path}.reference" for path in paths), make)


def several_codings(path: str) -> Extra:
    """All codings of the concept at `path` as JSON, where there is more than one."""
    sql = f"CASE WHEN <{path}.coding[1].code> IS NOT NULL THEN json_extract_string(line, '{path}.coding') END"
    return Extra(f"+{path}", sql)


def coding_paths(path: str) -> tuple[str, ...]:
    """The paths of the first coding of the concept at `path`."""
    return tuple(f"{path}.coding[0].{leaf}" for leaf in ("system", "code", "display"))


def concept(path: str, name: str, *, code: str = "", text: bool = True) -> Taken:
    """Columns `<name>_system`, `<name>_code`, `<name>_display`, `<name>_text` of a concept.

    The text is carried only where no display says what the code is.
    """
    names = (f"{name}_system", code or f"{name}_code", f"{name}_display", f"{name}_text")

    def make(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        system, first, display = values[:3]
        found = coding_of(system, first, display, values[-1])
        return (*found, c.text_of(values[3], found[2])) if text else found

    paths = (*coding_paths(path), f"{path}.text") if text else coding_paths(path)
    return Taken(names if text else names[:3], paths, make, (several_codings(path),))


def moment(name: str, *paths: str, rare: tuple[str, ...] = ()) -> Taken:
    """A moment from the first of `paths` (else of `rare`) that is there: its date, and its date-time where it states a
    time."""

    def make(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
        local = c.local_times(pc.coalesce(*values) if len(values) > 1 else values[0], zone)
        return local, c.with_time(local)

    return Taken((f"{name}_date", f"{name}_datetime"), paths, make, rare=rare, unless=paths if rare else ())
