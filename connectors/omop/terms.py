"""Which terminology a source value is a code of: that of its source concept, by the CONCEPT table beside it.

The CDM's events tell no vocabulary but through `*_source_concept_id`. Where an export brings its own CONCEPT table,
that says which one it is; its ids and vocabularies are kept once a process and export, twelve bytes each.
"""

from __future__ import annotations

import polars as pl

from connectors.omop.beside import frames_of, neighbours
from connectors.omop.tables import table_named
from contracts.protocols import Reading
from contracts.schemas.omop import CDM, WITH_SOURCE

_known: dict[tuple[object, ...], pl.DataFrame] = {}
"""What the export read last says; one, so that memory does not grow with exports."""


def source_concept_of(table: str) -> str:
    """The column of a table's source concept; empty where it has none, or the lake does not say its vocabulary."""
    column = f"{table.removesuffix('_occurrence').removesuffix('_exposure')}_source_concept_id"
    return column if table in WITH_SOURCE and column in CDM[table].names else ""


def name_vocabularies(frame: pl.DataFrame, table: str, reading: Reading) -> pl.DataFrame:
    """The rows with `source_vocabulary`: the vocabulary of the source concept, null where none is told.

    Args:
        frame: typed rows of the table.
        table: the CDM's name of it.
        reading: the file's.
    """
    column = source_concept_of(table)
    if not column:
        return frame
    told = pl.col(column).fill_null(0) > 0
    if not frame.select(told.any()).item():
        return frame.with_columns(source_vocabulary=pl.lit(None, pl.String))
    known = _vocabularies(reading)
    joined = frame.select(concept_id=pl.col(column)).join(
        known, on="concept_id", how="left", maintain_order="left"
    )
    return frame.with_columns(source_vocabulary=joined["vocabulary_id"].cast(pl.String))


def _vocabularies(reading: Reading) -> pl.DataFrame:
    """Concepts and their vocabularies: `concept_id`, `vocabulary_id`."""
    places = [place for place in neighbours(reading) if table_named(place.name) == "concept"]
    export = (reading.source.name, reading.source.location, *((place.name, place.size) for place in places))
    if export not in _known:
        kinds = {"concept_id": pl.Int64, "vocabulary_id": pl.Categorical}
        frames = [
            frame.select("concept_id", pl.col("vocabulary_id").cast(pl.Categorical))
            for place in places
            for frame in frames_of(place, "concept")
        ]
        found = pl.concat([pl.DataFrame(schema=kinds), *frames])
        _known.clear()
        _known[export] = found.drop_nulls().unique("concept_id", keep="first", maintain_order=True)
    return _known[export]
