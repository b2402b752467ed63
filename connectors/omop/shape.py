"""From typed rows of a CDM table to rows as `contracts.schemas.omop_source` declares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from connectors.omop.tables import Layout
from connectors.omop.values import to_clock, to_date, to_label
from contracts.identity import encode_subject
from contracts.keys import Key
from contracts.privacy import Action
from contracts.schemas.omop import CDM
from contracts.schemas.omop_source import (
    LABELS,
    OWN,
    PERSON_DOMAIN,
    RECORD_TYPES,
    REFERS,
    REFERS_BY,
    SOURCE_TABLE,
    TABLES,
    TOLD_TABLES,
    UNKEYED,
)

_SEPARATOR = "\x1f"
_OWN = tuple(f.name for f in OWN)
_STATES = tuple(
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY PR GU VI AS MP".split()
)


@dataclass(frozen=True)
class Context:
    """What the rows of one file have in common.

    Attributes:
        authority: the source's.
        system: the name space of its `person_id` among identities.
        key: for owners and digests.
        version: the export's release date; empty where it tells none.
        layout: the file's.
    """

    authority: str = field(repr=False)
    system: str
    key: Key = field(repr=False)
    version: str = field(repr=False)
    layout: Layout

    @property
    def table(self) -> str:
        """The table of the CDM."""
        return self.layout.table

    @property
    def oddity(self) -> str | None:
        """What cleaning counts of the file's columns."""
        found = [("unknown-column", self.layout.unknown), ("absent-column", self.layout.missing)]
        return " ".join(name for name, columns in found if columns) or None


def shape_rows(frame: pl.DataFrame, context: Context) -> tuple[str, pa.RecordBatch]:
    """The source-shaped table and its rows, one for each row of the CDM's table."""
    target = SOURCE_TABLE[context.table]
    schema = TABLES[target]
    owned = frame.with_columns(_own(frame, context))
    shaped = owned.with_columns(**_SHAPES.get(target, _shape_cdm)(context))
    made = shaped.select(_express(column, shaped, context).alias(column.name) for column in schema)
    table = made.to_arrow()
    arrays = [_array(table[column.name], column.type) for column in schema]
    return target, pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    cast = column.cast(kind)
    return cast.chunk(0) if cast.num_chunks == 1 else pa.concat_arrays(cast.chunks)


def _own(frame: pl.DataFrame, context: Context) -> list[pl.Series]:
    """Owner, version, digest, what is odd, and the record's id: authority, table and key."""
    key, height = context.key, frame.height
    cells = [pl.col(column.name).cast(pl.String).fill_null("") for column in CDM[context.table]]
    whole = frame.select(whole=pl.concat_str(cells, separator=_SEPARATOR))["whole"]
    keys = whole if context.table in UNKEYED else frame[CDM[context.table].names[0]]
    if context.table == "death":
        keys = frame["person_id"]
    records = _prefix(context, context.table) + keys
    return [
        records.alias("record_id"),
        pl.Series("_owner", key.id63_each("owner", records.to_list()), dtype=pl.Int64),
        pl.Series("_version", [context.version] * height, dtype=pl.String),
        pl.Series("_digest", key.id63_each("record-digest", whole.to_list()), dtype=pl.Int64),
        pl.Series("layout", [context.oddity] * height, dtype=pl.String),
    ]


def _prefix(context: Context, table: str) -> str:
    return f"{context.authority}{_SEPARATOR}{table}{_SEPARATOR}"


def _express(column: pa.Field, frame: pl.DataFrame, context: Context) -> pl.Expr:
    """A column of the source-shaped table; null where the row's table has none."""
    name, meta = column.name, column.metadata or {}
    if name not in frame.columns:
        return pl.lit(None, pl.Int64)
    action = Action(meta[b"action"].decode())
    if action is Action.SUBJECT:
        return pl.lit(encode_subject(context.authority, "", context.system)) + pl.col(name)
    if action is not Action.ID or name == "record_id":
        return pl.col(name)
    if name in REFERS_BY:
        return _refer_by(pl.col(name), pl.col(REFERS_BY[name]), context)
    return pl.lit(_prefix(context, REFERS.get(name, context.table))) + pl.col(name)


def _refer_by(ids: pl.Expr, told: pl.Expr, context: Context) -> pl.Expr:
    """A key to a table that another column tells: one that is not known keeps apart what it says."""
    said = told.cast(pl.String).str.to_lowercase().fill_null("nothing")
    table = said.replace_strict(TOLD_TABLES, default=pl.lit("told by ") + said, return_dtype=pl.String)
    return pl.lit(f"{context.authority}{_SEPARATOR}") + table + pl.lit(_SEPARATOR) + ids


Shape = Callable[[Context], Mapping[str, pl.Expr]]


def _shape_cdm(context: Context) -> Mapping[str, pl.Expr]:
    names = CDM[context.table].names
    made = {name: pl.col(name).map_batches(to_label, pl.String) for name in LABELS if name in names}
    if context.table == "measurement":
        time = pl.col("measurement_time")
        made["measurement_time"] = time.map_batches(to_clock, pl.String)
        dated = time.str.contains(r"^\d{4}-?\d{2}-?\d{2}$")
        made["measurement_time_date"] = pl.when(dated).then(time.map_batches(to_date, pl.String))
    return made


def _shape_patient(context: Context) -> Mapping[str, pl.Expr]:
    made = {"record_type": pl.lit(context.table)}
    if context.table == "death":
        return made
    year = pl.col("year_of_birth").cast(pl.String).str.zfill(4)
    month, day = (pl.col(f"{part}_of_birth").cast(pl.String).str.zfill(2) for part in ("month", "day"))
    stated = pl.coalesce(year + "-" + month + "-" + day, year + "-" + month, year)
    born = pl.coalesce(stated, pl.col("birth_datetime").str.slice(0, 10))
    precision = born.str.len_bytes().replace_strict(
        {10: "day", 7: "month", 4: "year"}, default="day", return_dtype=pl.String
    )
    return {**made, "birth_date": born, "birth_precision": precision, "birth_year": born}


def _shape_provider(context: Context) -> Mapping[str, pl.Expr]:
    concept = pl.coalesce(
        *(
            pl.when(pl.col(name) > 0).then(pl.col(name))
            for name in ("specialty_concept_id", "specialty_source_concept_id")
        )
    )
    year = pl.col("year_of_birth").cast(pl.String).str.zfill(4)
    return {"specialty_code": concept.cast(pl.String), "birth_year": year}


def _shape_place(context: Context) -> Mapping[str, pl.Expr]:
    made = {"record_type": pl.lit(context.table)}
    if context.table == "location":
        state = pl.col("state").str.strip_chars().str.to_uppercase()
        made["state"] = pl.when(state.is_in(_STATES)).then(state)
    return made


def _shape_other(context: Context) -> Mapping[str, pl.Expr]:
    made = {"record_type": pl.lit(RECORD_TYPES[context.table])}
    if context.table == "cohort":
        made["person_id"] = pl.col("subject_id")
    if context.table == "note_nlp":
        made["offset"] = pl.col("offset").str.extract(r"^\s*(\d+)\s*$", 1)
    if context.table == "fact_relationship":
        for number, name in (("1", "person_id"), ("2", "person_id_2")):
            person = pl.col(f"domain_concept_id_{number}").cast(pl.String) == PERSON_DOMAIN
            fact = pl.col(f"fact_id_{number}")
            made[name] = pl.when(person).then(fact)
            made[f"fact_id_{number}"] = pl.when(person.fill_null(False)).then(None).otherwise(fact)
    return made


_SHAPES: Mapping[str, Shape] = {
    "omop.patient": _shape_patient,
    "omop.provider": _shape_provider,
    "omop.place": _shape_place,
    "omop.other": _shape_other,
}
