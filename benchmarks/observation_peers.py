"""Observations to flat rows by other means: DuckDB, polars, a plain orjson loop; and the floor, parsing alone.

Each gives one row an Observation, of the columns that a measurement is made of, without ids, de-identification, checks
or publication. Nothing is kept; the number of rows and the sum of the numbers tell that the work was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

Outcome = tuple[int, float]
"""Rows, and the sum of the numbers, rounded."""
Reader = Callable[[Path], Outcome]
BLOCK = 8 << 20

_CODING = 'STRUCT("system" VARCHAR, code VARCHAR, display VARCHAR)[]'
_TYPED = {
    "id": "VARCHAR",
    "status": "VARCHAR",
    "category": "STRUCT(coding STRUCT(code VARCHAR)[])[]",
    "code": f"STRUCT(coding {_CODING}, text VARCHAR)",
    "subject": "STRUCT(reference VARCHAR)",
    "encounter": "STRUCT(reference VARCHAR)",
    "effectiveDateTime": "VARCHAR",
    "valueQuantity": 'STRUCT("value" DOUBLE, unit VARCHAR, code VARCHAR)',
    "valueCodeableConcept": f"STRUCT(coding {_CODING}, text VARCHAR)",
    "valueString": "VARCHAR",
}
_SQL = """
SELECT
    id, subject.reference[9:] AS person, encounter.reference[11:] AS visit,
    status, category[1].coding[1].code AS category,
    code.coding[1].system AS vocabulary, code.coding[1].code AS code,
    coalesce(code.coding[1].display, code.text) AS display,
    effectiveDateTime[:10]::DATE AS start_date, effectiveDateTime[:19]::TIMESTAMP AS start_datetime,
    valueQuantity.value AS value, valueQuantity.unit AS unit, valueQuantity.code AS unit_code,
    valueCodeableConcept.coding[1].system AS value_vocabulary, valueCodeableConcept.coding[1].code AS value_code,
    coalesce(valueString, valueCodeableConcept.coding[1].display, valueCodeableConcept.text) AS value_text
FROM read_ndjson(?, columns = {columns})
"""


def parse_only(path: Path) -> Outcome:
    """The floor: each line parsed by simdjson, nothing taken from it."""
    from simdjson import Parser

    parse, count = Parser().parse, 0
    for line in _lines(path):
        parse(line)
        count += 1
    return count, 0.0


def read_by_duckdb(path: Path) -> Outcome:
    """`read_ndjson` with typed columns, and a SELECT; one thread."""
    import duckdb

    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _TYPED.items())
    with duckdb.connect(config={"threads": 1}) as connection:
        sql = _SQL.replace("{columns}", "{" + columns + "}")
        return _sum(connection.sql(sql, params=[str(path)]).to_arrow_reader(100_000))


def read_by_polars(path: Path) -> Outcome:
    """`json_decode` of the lines with a schema, and expressions."""
    import polars as pl

    coding = pl.List(pl.Struct({"system": pl.String, "code": pl.String, "display": pl.String}))
    concept = pl.Struct({"coding": coding, "text": pl.String})
    reference = pl.Struct({"reference": pl.String})
    quantity = pl.Struct({"value": pl.Float64, "unit": pl.String, "code": pl.String})
    category = pl.List(pl.Struct({"coding": pl.List(pl.Struct({"code": pl.String}))}))
    kind = pl.Struct(
        {
            **dict.fromkeys(("id", "status", "effectiveDateTime", "valueString"), pl.String),
            "category": category,
            "code": concept,
            "subject": reference,
            "encounter": reference,
            "valueQuantity": quantity,
            "valueCodeableConcept": concept,
        }
    )
    first, value = (
        pl.col(name).struct.field("coding").list.first() for name in ("code", "valueCodeableConcept")
    )
    amount, moment = pl.col("valueQuantity").struct, pl.col("effectiveDateTime")
    wanted = [
        pl.col("id"),
        pl.col("subject").struct.field("reference").str.slice(8).alias("person"),
        pl.col("encounter").struct.field("reference").str.slice(10).alias("visit"),
        pl.col("status"),
        pl.col("category")
        .list.first()
        .struct.field("coding")
        .list.first()
        .struct.field("code")
        .alias("category"),
        first.struct.field("system").alias("vocabulary"),
        first.struct.field("code").alias("own_code"),
        pl.coalesce(first.struct.field("display"), pl.col("code").struct.field("text")).alias("display"),
        moment.str.slice(0, 10).str.to_date("%Y-%m-%d").alias("start_date"),
        moment.str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S").alias("start_datetime"),
        amount.field("value"),
        amount.field("unit"),
        amount.field("code").alias("unit_code"),
        value.struct.field("system").alias("value_vocabulary"),
        value.struct.field("code").alias("value_code"),
        pl.coalesce(
            "valueString",
            value.struct.field("display"),
            pl.col("valueCodeableConcept").struct.field("text"),
        ).alias("value_text"),
    ]
    rows, total = 0, 0.0
    for block in _blocks(path):
        lines = pl.Series("line", block.decode().splitlines())
        found = lines.str.json_decode(kind).struct.unnest().select(wanted)
        rows, total = rows + found.height, total + float(found["value"].sum())
    return rows, round(total)


def read_by_orjson(path: Path) -> Outcome:
    """A plain loop over `orjson.loads`, and Arrow tables made of its lists."""
    rows, total = 0, 0.0
    for block in _blocks(path):
        table = _table([_flat(orjson.loads(line)) for line in block.splitlines()])
        rows, total = rows + table.num_rows, total + (pc.sum(table["value"]).as_py() or 0.0)
    return rows, round(total)


_NAMES = (
    "id person visit status category vocabulary code display start_date start_datetime value unit unit_code "
    "value_vocabulary value_code value_text"
).split()


def _flat(one: dict[str, Any]) -> tuple[Any, ...]:
    code, amount = one["code"], one.get("valueQuantity") or {}
    coding = code["coding"][0]
    concept = one.get("valueCodeableConcept") or {}
    answer = (concept.get("coding") or [{}])[0]
    moment = one["effectiveDateTime"]
    return (
        one["id"],
        one["subject"]["reference"][8:],
        one["encounter"]["reference"][10:],
        one["status"],
        one["category"][0]["coding"][0]["code"],
        coding.get("system"),
        coding.get("code"),
        coding.get("display") or code.get("text"),
        moment[:10],
        moment[:19],
        amount.get("value"),
        amount.get("unit"),
        amount.get("code"),
        answer.get("system"),
        answer.get("code"),
        one.get("valueString") or answer.get("display") or concept.get("text"),
    )


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = dict(zip(_NAMES, zip(*rows, strict=True), strict=True))
    kinds = {"value": pa.float64()}
    made = {name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()}
    made["start_date"] = made["start_date"].cast(pa.date32())
    made["start_datetime"] = made["start_datetime"].cast(pa.timestamp("us"))
    return pa.table(made)


def _sum(batches: Iterator[pa.RecordBatch]) -> Outcome:
    rows, total = 0, 0.0
    for batch in batches:
        rows, total = rows + batch.num_rows, total + (pc.sum(batch["value"]).as_py() or 0.0)
    return rows, round(total)


def _lines(path: Path) -> Iterator[bytes]:
    for block in _blocks(path):
        yield from block.splitlines()


def _blocks(path: Path) -> Iterator[bytes]:
    """Whole lines, about 8 MiB of them at a time."""
    with path.open("rb") as file:
        held = b""
        while block := file.read(BLOCK):
            held += block
            end = held.rfind(b"\n") + 1
            yield held[:end]
            held = held[end:]
        if held:
            yield held
