"""OMOP CDM 5.4 tables (https://ohdsi.github.io/CommonDataModel/cdm54.html), from `omop_cdm54.csv`.

Ids are 64-bit integers, since they are keyed hashes. Date-times are local wall time of the source, without zone. Event
tables have two columns more than the CDM (`SOURCE_COLUMNS`), after those of the CDM.
"""

from __future__ import annotations

import csv
from importlib.resources import files

import pyarrow as pa

from contracts.schemas.fields import lake_field

_TYPES = {
    "id": pa.int64(),
    "int": pa.int32(),
    "float": pa.float64(),
    "text": pa.string(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
}


def parse_columns(columns: str) -> pa.Schema:
    """A schema from `name:type` words; a trailing `!` marks a column that is never null."""
    fields = []
    for word in columns.split():
        name, _, kind = word.partition(":")
        fields.append(lake_field(name, _TYPES[kind.rstrip("!")], required=kind.endswith("!")))
    return pa.schema(fields)


def _read_cdm() -> dict[str, pa.Schema]:
    text = (files(__package__) / "omop_cdm54.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {row["table"]: parse_columns(row["columns"]) for row in csv.DictReader(lines)}


CDM: dict[str, pa.Schema] = _read_cdm()
"""All tables of the CDM by name, with exactly its columns, in its order."""

SOURCE_COLUMNS = parse_columns("source_vocabulary:text source_display:text")
"""What tells a source code apart and says what it means, where no vocabulary does: the terminology that
`*_source_value` is a code of (its OMOP vocabulary id, else its URL), and the source's own words for it."""

EVENT_TABLES = (
    "condition_occurrence",
    "drug_exposure",
    "procedure_occurrence",
    "device_exposure",
    "measurement",
    "observation",
    "specimen",
)
"""Tables of clinical events: the domain of an event's standard concept decides which."""


WITH_SOURCE = (*EVENT_TABLES, "visit_occurrence", "visit_detail", "note")
"""Tables that have the columns `SOURCE_COLUMNS`."""


def schema_of(table: str) -> pa.Schema:
    """The lake's columns of an OMOP table: those of the CDM, and for events and visits `SOURCE_COLUMNS`."""
    return pa.schema([*CDM[table], *SOURCE_COLUMNS]) if table in WITH_SOURCE else CDM[table]
