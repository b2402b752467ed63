"""One bucket of the lake as MEDS events, sorted: shard, subject, static rows, then time.

What is an event is said by the SQL files in `tasks/mappings/meds`, one for each kind; each gives some of the columns
`STATED`. Their union gets its codes, words and units here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from collections.abc import Mapping as Map
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from contracts.errors import Fatal
from contracts.schemas import table_named
from contracts.schemas.omop import parse_columns
from tasks.mappings import Mapping, mappings
from tasks.meds.naming import Naming
from tasks.meds.options import MedsOptions
from tasks.meds.sorting import SlicedSort, count_slices
from tasks.units import ucum_code, unit_concepts, units_digest

if TYPE_CHECKING:
    import duckdb

KIND = "meds"
_BATCH_ROWS = 8_192
_MEMORY = "384MB"
_THREADS = 4
"""Each thread needs memory of its own: more of them would not fit."""

STATED = parse_columns(
    "subject_id:id! time:datetime rank:int! row_id:id code:text prefix:text kind:text concept_id:id "
    "source_vocabulary:text source_value:text source_display:text numeric_value:float text_value:text "
    "value_concept_id:id unit:text unit_concept_id:id visit_id:id join_id:id table:text!"
)
"""What a mapping says of an event, null where it leaves a column out.

`time` is null for static events; `rank` and `row_id` order events of one time. `code` is the whole code, else it is
made from the concept or the source's code, after `prefix`; `kind` stands for it where there is neither.
`value_concept_id` is the concept of a value: its name is the text. `join_id` is the id by which the row is found in
`table`, kept where something else of it is to be fetched.
"""

EXTENSIONS = pa.schema(
    [
        pa.field("unit", pa.string()),
        pa.field("table", pa.string()),
        pa.field("visit_id", pa.int64()),
        pa.field("source_code", pa.string()),
        pa.field("join_id", pa.int64()),
    ]
)
"""Columns of a shard beside those of the standard."""

CODING = pa.schema(
    [
        pa.field("parent", pa.string()),
        pa.field("display", pa.string()),
        pa.field("prefix", pa.string()),
        pa.field("concept_id", pa.int64()),
    ]
)
"""What is told of each event's code, for the table of codes."""


def data_schema() -> pa.Schema:
    """The columns of a shard: exactly those of the standard, then `EXTENSIONS`."""
    from meds.schema import DataSchema

    return pa.schema([*DataSchema.schema(), *EXTENSIONS])


def chosen_mappings(options: MedsOptions) -> dict[str, Mapping]:
    """The mappings of the kinds of events that go in, by name; a site's own are among them."""
    return {name: mapping for name, mapping in mappings(KIND).items() if options.wants(name)}


def events_digest(options: MedsOptions) -> str:
    """Digest of all that decides which events a bucket's rows give, beside the rows and the vocabulary."""
    parts = [f"{name}={mapping.digest}" for name, mapping in sorted(chosen_mappings(options).items())]
    parts += [_CODED, _EVENTS, str(EXTENSIONS), version("meds"), units_digest()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


_CODED = """
    SELECT *,
        coalesce(concepts.named, 'OMOP_CONCEPT//' || nullif(stated.concept_id, 0), source_code, 'UNCODED//' || kind)
            AS base
    FROM (
        SELECT *, coalesce(source_vocabulary, 'UNKNOWN') || '//' || source_value AS source_code FROM stated
    ) AS stated
    LEFT JOIN concepts ON concepts.id = nullif(stated.concept_id, 0)
"""

_EVENTS = """
    SELECT
        coded.subject_id,
        coded.time,
        coalesce(code, prefix || '//' || base, base) AS code,
        CASE WHEN isfinite(numeric_value) THEN try_cast(numeric_value AS FLOAT) END AS numeric_value,
        coalesce(
            value.name,
            text_value,
            'OMOP_CONCEPT//' || value_concept_id,
            CASE WHEN base LIKE 'UNCODED//%' THEN source_display END
        ) AS text_value,
        coalesce(units.ucum, unit, unit_concepts.ucum) AS unit,
        "table",
        visit_id,
        source_code,
        join_id,
        CASE WHEN prefix IS NOT NULL THEN base END AS parent,
        coalesce(
            coded.name,
            CASE WHEN base NOT LIKE 'UNCODED//%' OR base IS NULL THEN source_display END,
            CASE WHEN base LIKE 'OMOP_CONCEPT//%' THEN 'source code ' || source_value END
        ) AS display,
        prefix,
        nullif(coded.concept_id, 0) AS concept_id,
        rank,
        row_id,
        slice
    FROM coded
    JOIN subjects USING (subject_id)
    LEFT JOIN concepts AS value ON value.id = coded.value_concept_id
    LEFT JOIN units ON units.stated = coded.unit
    LEFT JOIN unit_concepts ON unit_concepts.concept_id = coded.unit_concept_id
"""


_SIZE = """
    SELECT count(*), coalesce(sum(coalesce(strlen(text_value), 0) + coalesce(strlen(source_display), 0)), 0)::BIGINT
    FROM stated
"""

_ORDER = pa.schema(
    [pa.field("rank", pa.int32()), pa.field("row_id", pa.int64()), pa.field("slice", pa.int64())]
)
_KEYS = ["subject_id", "time", "rank", "table", "row_id", "code"]


class BucketEvents:
    """The events of one bucket. Memory is bounded; what does not fit is kept and sorted in `scratch`.

    Args:
        connection: DuckDB with the lake's tables of the bucket; closed by the caller.
        chosen: the mappings.
        naming: what concepts are called.
        scratch: an empty folder.

    Raises:
        Fatal: a mapping fails, of which the class of the error alone is told.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, chosen: Map[str, Mapping], naming: Naming, scratch: Path
    ) -> None:
        self._connection, self._scratch = connection, scratch
        self._run(f"SET memory_limit = '{_MEMORY}'")
        self._run(f"SET threads = {min(_THREADS, os.cpu_count() or 1)}")
        self._run("SET temp_directory = ?", [str(scratch)])
        self._fill_in(chosen)
        self._state(chosen)
        self._name(naming)

    def subjects(self) -> np.ndarray:
        """Persons with events, int64, sorted."""
        rows = self._run("SELECT DISTINCT subject_id FROM stated ORDER BY 1").fetchnumpy()
        return np.asarray(rows["subject_id"], dtype=np.int64)

    def batches(self, subjects: np.ndarray, shards: np.ndarray) -> Iterator[tuple[int, pa.RecordBatch]]:
        """All events, each batch with the number of its shard: by shard, subject, time.

        Args:
            subjects: person ids, int64, sorted.
            shards: the shard of each, int32.
        """
        [(rows, text)] = self._run(_SIZE).fetchall()
        slices = count_slices(rows, text)
        # a shard's slices hold its subjects in ascending order, so that the rows' order is the same for any number
        numbers = shards.astype(np.int64) * slices + np.arange(len(subjects)) * slices // max(
            len(subjects), 1
        )
        self._register("subjects", pa.table({"subject_id": subjects, "slice": numbers}))
        fields = [*data_schema(), *CODING, *_ORDER]
        schema = pa.schema(fields)
        with SlicedSort(self._scratch, schema, _KEYS, in_memory=slices == 1) as sort:
            for batch in self._each(f"WITH coded AS ({_CODED}) {_EVENTS}"):
                sort.add(pa.record_batch([batch.column(f.name).cast(f.type) for f in fields], schema=schema))
            for number, table in sort.tables():
                for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
                    yield number // slices, batch

    def _fill_in(self, chosen: Map[str, Mapping]) -> None:
        """Tables that the release does not hold are empty."""
        rows = self._run(
            "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        wanted = {table for mapping in chosen.values() for table in mapping.source_tables}
        for name in sorted(wanted - {row[0] for row in rows}):
            schema, _, table = name.partition(".")
            self._register(f"absent_{schema}_{table}", table_named(name).schema.empty_table())
            self._run(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            self._run(f'CREATE VIEW "{schema}"."{table}" AS SELECT * FROM "absent_{schema}_{table}"')

    def _state(self, chosen: Map[str, Mapping]) -> None:
        """The union of all mappings, computed once: it goes to `scratch` where it does not fit into memory."""
        self._register("nothing", STATED.empty_table())
        names = ", ".join(f'"{name}"' for name in STATED.names)
        union = "\nUNION ALL BY NAME\n".join(
            ["SELECT * FROM nothing", *(f"SELECT * FROM ({mapping.sql}\n)" for mapping in chosen.values())]
        )
        self._run(f"CREATE TEMP TABLE stated AS SELECT {names} FROM ({union}) WHERE subject_id IS NOT NULL")

    def _name(self, naming: Naming) -> None:
        """What concepts and units of the bucket are called."""
        found = self._run(
            "SELECT DISTINCT unnest([concept_id, value_concept_id]) AS id FROM stated"
        ).fetchall()
        self._register("concepts", naming.table(row[0] for row in found if row[0]))
        stated = [
            row[0] for row in self._run("SELECT DISTINCT unit FROM stated WHERE unit IS NOT NULL").fetchall()
        ]
        codes = {unit: code for unit in stated if (code := ucum_code(unit))}
        self._register("units", _pairs("stated", "ucum", codes))
        by_id = {concept: code for code, concept in unit_concepts().items()}
        ids = pa.array(list(by_id), pa.int64())
        self._register(
            "unit_concepts",
            pa.table({"concept_id": ids, "ucum": pa.array(list(by_id.values()), pa.string())}),
        )

    def _register(self, name: str, rows: pa.Table) -> None:
        self._connection.register(name, rows)

    def _run(self, query: str, parameters: list[str] | None = None) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            return self._connection.execute(query, parameters)
        except duckdb.Error as error:  # its text may quote a value
            raise _failed(error) from None

    def _each(self, query: str) -> Iterator[pa.RecordBatch]:
        import duckdb

        try:
            yield from self._connection.sql(query).to_arrow_reader(_BATCH_ROWS)
        except (duckdb.Error, pa.ArrowException) as error:
            raise _failed(error) from None


def _failed(error: Exception) -> Fatal:
    return Fatal(
        f"the events cannot be made: {type(error).__name__}", "mappings of meds", "mappings that run"
    )


def _pairs(first: str, second: str, values: Map[str, str]) -> pa.Table:
    return pa.table(
        {first: pa.array(list(values), pa.string()), second: pa.array(list(values.values()), pa.string())}
    )
