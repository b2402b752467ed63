"""Procedures made of imaging studies: OMOP's imaging extension wants one for each image, and many an EHR keeps none.

A study of a person whom the EHR knows, that no procedure of the EHR is about (`imaging.link`), is a procedure itself:
by its modality, on its day, in its visit. It stands under a source of its own (`STUDIES`) and goes when the EHR's own
comes. Its id follows from the study's, so that what refers to it can be told beforehand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pyarrow as pa

from contracts.protocols import Receipt
from contracts.schemas import table_named
from contracts.schemas.events import EVENT
from stores.lake import Lake
from tasks.deriving import derive_table
from tasks.mappings import mappings
from tasks.referring import Resolver
from tasks.standardising import map_events

STUDIES = "resolved.studies"
"""The source of procedures that are made of studies: no name that a site may give a source of its own."""
PROCEDURE = "omop.procedure_occurrence"
STUDY, LINK, PERSON = "imaging.study", "imaging.link", "omop.person"
_EVENTS = "studies"
_BASIS = "studies_from"
_BATCH_ROWS = 5_000


def resolve_studies(lake: Lake, resolver: Resolver, round_no: int) -> list[Receipt]:
    """Make the procedures of studies that have none, and take away those that have one now.

    Persons, studies and their links are brought up to date for that. Nothing is done where everything that the
    procedures follow from is as it was.
    """
    if lake.version("imaging.instance") is None:
        return []
    receipts = [
        derived.receipt
        for table in (PERSON, STUDY, LINK)
        if (derived := derive_table(lake, table, round_no)) is not None
    ]
    read = [name for name in (STUDY, LINK, PERSON) if lake.version(name) is not None]
    basis = _basis(lake, resolver, read)
    if len(read) < 3 or lake.last_fact(PROCEDURE, _BASIS) == basis:
        return receipts
    lake.ensure(PROCEDURE)
    publish = lake.next_publication(PROCEDURE, f"{STUDIES}:{PROCEDURE}", round_no)
    made, facts = _rows(lake, resolver), {_BASIS: basis}
    receipts.append(
        lake.replace(PROCEDURE, STUDIES, [], made, publish=publish, whole_source=True, facts=facts)
    )
    return receipts


def _basis(lake: Lake, resolver: Resolver, read: list[str]) -> str:
    parts = [resolver.digest, mappings(_EVENTS)["events.study"].digest]
    parts += [f"{name}={lake.content_version(name)}" for name in read]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _rows(lake: Lake, resolver: Resolver) -> Iterator[pa.RecordBatch]:
    """Rows of `omop.procedure_occurrence`, one a study."""
    names = table_named(PROCEDURE).schema.names
    with lake.connect() as connection:
        reader = connection.sql(mappings(_EVENTS)["events.study"].sql).to_arrow_reader(_BATCH_ROWS)
        for batch in reader:
            stated = pa.Table.from_batches([batch])
            columns = [
                stated[f.name].cast(f.type)
                if f.name in stated.column_names
                else pa.nulls(len(stated), f.type)
                for f in EVENT
            ]
            events = pa.table(columns, schema=EVENT)
            for name, value in (("_record", 0), ("_version", ""), ("_digest", 0)):
                events = events.append_column(name, pa.array([value] * events.num_rows))
            events = events.append_column("_owner", events["event_id"])
            made = map_events(events, resolver.profile, resolver.vocabulary).get(PROCEDURE)
            if made is not None:
                recipe = pa.array([resolver.digest] * made.num_rows, pa.string())
                yield from made.select([*names, "_owner"]).append_column("_recipe", recipe).to_batches()
