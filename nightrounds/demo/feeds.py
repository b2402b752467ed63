"""What each kind of export gave: records in, rows out by table, what was held back and what has no table yet."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retrieval.reader import Reader

if TYPE_CHECKING:
    import duckdb

NAMES = {
    "fhir": "FHIR R4", "fhir_bulk": "FHIR Bulk", "hl7v2": "HL7 v2", "ccda": "C-CDA", "synthea": "Synthea CSV",
    "csv": "CSV by mapping", "omop": "OMOP CSV", "dicom": "DICOM", "vcf": "VCF",
}  # fmt: skip
"""What readers call the kinds of exports. Others are told as they are."""
RECORDS = frozenset({"fhir", "hl7v2", "ccda", "synthea", "csv", "omop"})
"""Kinds of health records that the demo's hospital exports."""
_SHOWN = (
    "omop.visit_occurrence", "omop.condition_occurrence", "omop.drug_exposure", "omop.procedure_occurrence",
    "omop.device_exposure", "omop.measurement", "omop.observation", "omop.specimen", "omop.note",
)  # fmt: skip
"""Tables of what happened; rows of others are told beside them."""
_ROWS_OF = {
    "visit": ("omop.visit_occurrence", "visit_occurrence_id"),
    "condition": ("omop.condition_occurrence", "condition_occurrence_id"),
    "drug": ("omop.drug_exposure", "drug_exposure_id"),
    "immunisation": ("omop.drug_exposure", "drug_exposure_id"),
    "procedure": ("omop.procedure_occurrence", "procedure_occurrence_id"),
    "device": ("omop.device_exposure", "device_exposure_id"),
    "note": ("omop.note", "note_id"),
}
_DAILY = {
    "measurement": ("omop.measurement", "measurement_date"),
    "observation": ("omop.observation", "observation_date"),
}


@dataclass(frozen=True)
class Feed:
    """All sources of one kind.

    Attributes:
        kind: the connector's name.
        sources: names of the sources.
        fates: records that lay there on the last night, by what became of them.
        tables: rows in the release by table.
        reasons: why records are held back.
        types: records without a table, by type.
        rows: rows of the shown person.
        read: records that lay there on the last night.
    """

    kind: str
    sources: tuple[str, ...]
    fates: Mapping[str, int]
    tables: Mapping[str, int]
    reasons: Mapping[str, int]
    types: Mapping[str, int]
    rows: int = 0
    read: int = field(default=0)

    @property
    def name(self) -> str:
        """What readers call the kind."""
        return NAMES.get(self.kind, self.kind)


def measure_feeds(
    reader: Reader, summaries: Sequence[Mapping[str, Any]], person: int | None
) -> tuple[Feed, ...]:
    """One feed for each kind of export but crosswalks, most records first.

    Args:
        reader: the release that the page shows.
        summaries: of the rounds, in order.
        person: the shown person.
    """
    kinds: dict[str, list[str]] = {}
    for name, source in summaries[-1]["sources"].items():
        if source["kind"] != "crosswalk":
            kinds.setdefault(source["kind"], []).append(name)
    counted = _count_rows(reader, person)
    feeds = [_feed(kind, tuple(sorted(names)), summaries, counted) for kind, names in kinds.items()]
    return tuple(sorted(feeds, key=lambda feed: (feed.kind not in RECORDS, -feed.read, feed.kind)))


def _feed(
    kind: str,
    names: tuple[str, ...],
    summaries: Sequence[Mapping[str, Any]],
    counted: _Counted,
) -> Feed:
    fates, types, tables, reasons = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for name in names:
        account = summaries[-1]["sources"][name]["account"]
        fates.update(account["fates"])
        reasons.update(account.get("reasons", {}))
        types.update(_types(name, summaries, counted.unmapped))
    own = 0
    for source, table, rows, hers in counted.rows:
        if source in names:
            tables[table] += rows
            own += hers
    return Feed(kind, names, dict(fates), dict(tables), dict(reasons), dict(types), own, sum(fates.values()))


def _types(
    name: str, summaries: Sequence[Mapping[str, Any]], kept: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    """What has no table: what the lake keeps whole, and what was passed over when its files were last read."""
    types = dict(kept.get(name, {}))
    for summary in summaries:
        for told, count in summary["sources"].get(name, {}).get("account", {}).get("types", {}).items():
            fate, _, record_type = told.partition(":")
            if fate == "unmapped" and record_type not in types:
                types[record_type] = count
    return types


@dataclass(frozen=True)
class _Counted:
    """Rows as (source, table, rows, rows of the person), and what is kept whole, by source and type."""

    rows: Sequence[tuple[str, str, int, int]]
    unmapped: Mapping[str, Mapping[str, int]]


def _count_rows(reader: Reader, person: int | None) -> _Counted:
    """Rows of all tables of what happened, by source."""
    names = [table for table in (*_SHOWN, "records.unmapped") if reader.has(table)]
    found = []
    with _with_sources(reader, names) as connection:
        for table in names:
            query = f"SELECT _source, count(*), count(*) FILTER (person_id = ?) FROM {table} GROUP BY 1"
            rows = connection.execute(query, [person]).fetchall()
            found += [(source, table, number, own) for source, number, own in rows]
        unmapped: dict[str, dict[str, int]] = {}
        if "records.unmapped" in names:
            query = "SELECT _source, record_type, count(*) FROM records.unmapped GROUP BY ALL"
            for source, record_type, number in connection.execute(query).fetchall():
                unmapped.setdefault(source, {})[record_type] = number
    return _Counted(found, unmapped)


def _with_sources(reader: Reader, tables: Iterable[str]) -> duckdb.DuckDBPyConnection:
    """The release's tables with the columns that say whose export a row is of."""
    versions = {table: reader.release.tables[table] for table in tables}
    return reader.lake.connect(versions, own_columns=True)


class Origins:
    """Which kind of export each entry of a person's record came from."""

    def __init__(self, reader: Reader, person: int, kinds: Mapping[str, str]) -> None:
        self._single: dict[tuple[str, int], set[str]] = {}
        self._daily: dict[tuple[str, dt.date | None], set[str]] = {}
        asked = {**_ROWS_OF, **_DAILY}
        with _with_sources(reader, {table for table, _ in asked.values() if reader.has(table)}) as connection:
            for event, (table, column) in asked.items():
                if not reader.has(table):
                    continue
                query = f"SELECT DISTINCT {column}, _source FROM {table} WHERE person_id = ?"
                told: dict[Any, set[str]] = self._daily if event in _DAILY else self._single
                for key, source in connection.execute(query, [person]).fetchall():
                    kind = kinds.get(source, "")
                    told.setdefault((event, key), set()).add(NAMES.get(kind, kind))

    def of(self, kind: str, number: int, day: dt.date | None) -> str:
        """Names of the kinds of export, joined; empty where the entry is of no record."""
        found = self._daily.get((kind, day)) if kind in _DAILY else self._single.get((kind, number))
        return ", ".join(sorted(found or ()))
