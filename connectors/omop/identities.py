"""Who is in a file of an export: every person that a row speaks of, and what the CDM knows of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from connectors.omop.beside import addresses_of
from connectors.omop.cells import cut_cells
from connectors.omop.reading import Opened
from connectors.omop.rows import read_blocks
from connectors.omop.tables import Layout
from connectors.omop.typed import type_cells
from connectors.omop.values import to_key, to_text
from contracts.identity import Identity
from contracts.protocols import Reading
from contracts.schemas.omop_source import PERSON_DOMAIN, SYSTEM

KIND = "omop"
MRN = "mrn"
_LONG = 5
"""A number of fewer characters is told in texts for many other reasons than being somebody's."""


def system_of(reading: Reading) -> str:
    """The name space of `person_id`: the authority's patient numbers where the source's option says so."""
    return "" if reading.source.options.get("person_id", "").lower() == MRN else SYSTEM


def find_identities(opened: Opened, reading: Reading) -> Iterator[Identity]:
    """The persons of a file, each once; those of PERSON and DEATH with their traits."""
    layout, number = opened.layout, 0
    seen: set[str] = set()
    told = _TOLD.get(layout.table)
    wanted = () if told else _person_columns(layout)
    if not told and not wanted:
        return
    for block in read_blocks(opened.stream, opened.rest, layout.delimiter):
        cells = cut_cells(block, layout, number, wanted)
        number += cells.rows
        if told:
            yield from told(type_cells(cells, layout.table)[0], reading)
            continue
        for person in _persons(
            layout, {name: to_key(to_text(c).values) for name, c in cells.columns.items()}
        ):
            if person not in seen:
                seen.add(person)
                yield _identity(reading, person)


def _person_columns(layout: Layout) -> tuple[str, ...]:
    if layout.table == "cohort":
        return ("subject_id",)
    if layout.table == "fact_relationship":
        names = ("domain_concept_id_1", "fact_id_1", "domain_concept_id_2", "fact_id_2")
        return tuple(name for name in names if name in layout.places)
    return ("person_id",) if "person_id" in layout.places else ()


def _persons(layout: Layout, columns: dict[str, pl.Series]) -> Iterator[str]:
    if layout.table != "fact_relationship":
        for column in columns.values():
            yield from column.drop_nulls().unique(maintain_order=True).to_list()
        return
    for number in ("1", "2"):
        if f"domain_concept_id_{number}" in columns:
            person = columns[f"domain_concept_id_{number}"] == PERSON_DOMAIN
            facts = columns[f"fact_id_{number}"].filter(person)
            yield from facts.drop_nulls().unique(maintain_order=True).to_list()


def _identity(reading: Reading, person: str, aliases: tuple[Identity, ...] = (), **traits: Any) -> Identity:
    known = {name: values for name, values in traits.items() if values}
    return Identity(reading.authority, person, system_of(reading), KIND, aliases, known)


def _tell_persons(frame: pl.DataFrame, reading: Reading) -> Iterator[Identity]:
    homes = addresses_of(reading, set(frame["location_id"].drop_nulls().to_list()))
    is_mrn = reading.source.options.get("person_source_value", "").lower() == MRN
    names = ("person_id", "person_source_value", "location_id")
    born = ("year_of_birth", "month_of_birth", "day_of_birth", "birth_datetime")
    for row in frame.select(*names, *born).iter_rows(named=True):
        number = (row["person_source_value"] or "").strip()
        aliases = (Identity(reading.authority, number, "", KIND),) if is_mrn and number else ()
        identifiers = tuple(value for value in (row["person_id"], number) if len(value) >= _LONG)
        yield _identity(
            reading,
            row["person_id"],
            aliases,
            identifier=identifiers,
            birth_date=_births(row),
            **homes.get(row["location_id"], {}),
        )


def _births(row: dict[str, Any]) -> tuple[str, ...]:
    year, month, day = (row[f"{part}_of_birth"] for part in ("year", "month", "day"))
    stated = (row["birth_datetime"] or "")[:10]
    whole = f"{year:04d}-{month:02d}-{day:02d}" if None not in (year, month, day) else ""
    partial = f"{year:04d}" if year is not None and not whole and not stated else ""
    return tuple(dict.fromkeys(value for value in (whole, stated, partial) if value))


def _tell_deaths(frame: pl.DataFrame, reading: Reading) -> Iterator[Identity]:
    for person, day in frame.select("person_id", "death_date").iter_rows():
        yield _identity(reading, person, death_date=(day,))


_TOLD = {"person": _tell_persons, "death": _tell_deaths}
