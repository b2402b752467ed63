"""Preflight of an export: its tables and their version, columns, rows and keys, without a value of a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from connectors.omop.beside import Neighbour, frames_of
from connectors.omop.cells import cut_cells
from connectors.omop.reading import Opened, open_table
from connectors.omop.rows import count_rows, read_blocks
from connectors.omop.tables import table_named
from connectors.omop.typed import tell_rejected, type_cells
from contracts.archives import is_archive, member_places
from contracts.errors import Rejected
from contracts.protocols import Finding, Place
from contracts.schemas.omop import CDM
from contracts.schemas.omop_source import ERAS, REFERS, VOCABULARY

MAX_FINDINGS = 1_000
"""Findings of a file told one by one; beyond, they are only counted."""
_KEYS = {**REFERS, "person_id": "person", "subject_id": "person"}
_LOAD = "not read as records: load them with `nightrounds vocabulary load`"


def check_place(place: Place) -> Iterator[Finding]:
    """Findings for a file, or for each member of an archive.

    Rules: the reasons of rejections, `impossible-date`, `unknown-column`, `absent-column`, `reference-to-nowhere`,
    `vocabulary`, `derived-anew`, `stray-file`; and `count`, `version`, `tables` (information).
    """
    if not is_archive(place.name):
        yield from _check_file(place, "", _Export(tuple(_beside(place))))
        return
    try:
        members = tuple(member_places(place))
    except Rejected as rejected:
        yield Finding("error", rejected.reason, rejected.legal, rejected.place)
        return
    export = _Export(members)
    for member in members:
        yield from _check_file(member, member.member, export)
    yield from export.summarise()


def _beside(place: Place) -> Iterator[Place]:
    if isinstance(place, Neighbour):
        yield from place.beside()


@dataclass
class _Export:
    """What is known of the export as a whole."""

    places: tuple[Place, ...]
    tables: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    _keys: dict[str, pl.Series | None] = field(default_factory=dict)

    def keys_of(self, table: str) -> pl.Series | None:
        """The keys of a table's rows; None where the export has no such table."""
        if table not in self._keys:
            key = CDM[table].names[0]
            files = [place for place in self.places if table_named(place.name) == table]
            found = [frame[key].drop_nulls() for place in files for frame in frames_of(place, table)]
            self._keys[table] = pl.concat([pl.Series(key, [], pl.String), *found]).unique() if files else None
        return self._keys[table]

    def summarise(self) -> Iterator[Finding]:
        """The tables found and the version that their columns tell."""
        rows = ", ".join(f"{table} {count:,}" for table, count in sorted(self.tables.items()) if count)
        empty = sum(not count for count in self.tables.values())
        yield Finding("info", "tables", f"{len(self.tables)} tables, {empty} of them empty: {rows}")
        told = " and ".join(sorted(self.versions)) or "not told by the columns"
        severity = "warning" if len(self.versions) > 1 else "info"
        yield Finding(severity, "version", f"CDM {told}")
        if "person" not in self.tables:
            yield Finding("error", "no-persons", "there is no PERSON: rows of all tables would be nobody's")


def _check_file(place: Place, name: str, export: _Export) -> Iterator[Finding]:
    try:
        with open_table(place) as opened:
            if opened is None:
                what = "an empty file" if place.size == 0 else "no table of the CDM: it is counted and left"
                yield Finding("info", "stray-file", what, name)
            else:
                yield from _check_table(opened, name, export)
    except Rejected as rejected:
        yield Finding("error", rejected.reason, rejected.legal, _at(name, rejected.place))


def _at(name: str, where: str) -> str:
    return f"{name} {where}".strip()


def _check_table(opened: Opened, name: str, export: _Export) -> Iterator[Finding]:
    layout = opened.layout
    table = layout.table
    if table in (*VOCABULARY, *ERAS):
        count = sum(count_rows(opened.stream, opened.rest, layout.delimiter))
        export.tables[table] += count
        if count and table in VOCABULARY:
            yield Finding("warning", "vocabulary", f"{count:,} rows of {table} are {_LOAD}", name)
        elif count:
            yield Finding("info", "derived-anew", f"{count:,} rows of {table} are derived anew", name)
        return
    if layout.version:
        export.versions[layout.version] += 1
        if not name:  # of an archive it is told once
            yield Finding("info", "version", f"{table} of CDM {layout.version}, by its columns")
    if layout.unknown:
        yield Finding("warning", "unknown-column", f"not carried over: {', '.join(layout.unknown)}", name)
    if layout.missing:
        yield Finding("warning", "absent-column", f"left empty: {', '.join(layout.missing)}", name)
    yield from _check_rows(opened, name, export)


def _check_rows(opened: Opened, name: str, export: _Export) -> Iterator[Finding]:
    layout, number, told = opened.layout, 0, 0
    lost: Counter[str] = Counter()
    for block in read_blocks(opened.stream, opened.rest, layout.delimiter):
        cells = cut_cells(block, layout, number)
        number += cells.rows
        frame, bad = type_cells(cells, layout.table)
        rejected = tell_rejected([*cells.bad, *bad, *_impossible_dates(frame, layout.table)])
        for row in rejected.to_pylist() if rejected is not None else ():
            told += 1
            if told <= MAX_FINDINGS:
                what = "this row would be quarantined"
                yield Finding("error", row["reason"], what, _at(name, row["where"]))
        lost.update(_lost_references(frame, layout.table, export))
    if told > MAX_FINDINGS:
        yield Finding("info", "count", f"{told - MAX_FINDINGS} further findings are not listed", name)
    for column, count in lost.items():
        what = f"{count:,} of {number:,} rows refer by {column} to no row of {_KEYS[column]}"
        yield Finding("warning", "reference-to-nowhere", what, name)
    export.tables[layout.table] += number
    yield Finding("info", "count", f"{number:,} {layout.table}", name)


def _impossible_dates(frame: pl.DataFrame, table: str) -> Iterator[tuple[int, str, str, bytes]]:
    for column in CDM[table]:
        if pa.types.is_temporal(column.type):
            days = frame[column.name].str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
            broken = frame.filter(days.is_null() & frame[column.name].is_not_null())
            for number in broken["_record"].to_list():
                yield number, "impossible-date", column.name, b""


def _lost_references(frame: pl.DataFrame, table: str, export: _Export) -> Counter[str]:
    """Rows by column that refer to a row that is not there, in a table that the export has."""
    lost: Counter[str] = Counter()
    for column, target in _KEYS.items():
        if column not in frame.columns or (column == CDM[target].names[0] and target == table):
            continue
        keys = export.keys_of(target)
        if keys is not None:
            there = frame[column].is_in(keys.implode()) | frame[column].is_null()
            lost.update({column: int((~there).sum())})
    return +lost
