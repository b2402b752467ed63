"""What the other files of an export say: its release date, and where its persons live.

A place on this machine knows what lies beside it; that of a sealed copy of a remote object does not, so the others are
read where they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import polars as pl

from connectors.listing import list_beside
from connectors.omop.cells import cut_cells
from connectors.omop.reading import Opened, open_table
from connectors.omop.rows import read_blocks
from connectors.omop.tables import table_named
from connectors.omop.typed import type_cells
from contracts.errors import Rejected
from contracts.protocols import Place, Reading

_ADDRESS = ("address_1", "address_2", "city", "county", "zip")


@runtime_checkable
class Neighbour(Protocol):
    """A place that knows what lies beside it."""

    def beside(self) -> Iterator[Place]: ...


def neighbours(reading: Reading) -> Iterator[Place]:
    """The files that lie beside a unit's, itself too."""
    if isinstance(reading.place, Neighbour):
        yield from reading.place.beside()
    elif reading.path:
        yield from list_beside(reading.source.location, reading.path)


def release_date(reading: Reading) -> str:
    """When the export was released, as its CDM_SOURCE says (ISO); empty where it does not."""
    dates = [""]
    for other in neighbours(reading):
        for frame in frames_of(other, "cdm_source"):
            for name in ("cdm_release_date", "source_release_date"):
                days = [
                    day for day in frame[name].to_list() if day and re.fullmatch(r"\d{4}-\d{2}-\d{2}", day)
                ]
                if days:
                    dates.append(max(days))
                    break
    return max(dates)


def addresses_of(reading: Reading, wanted: set[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Traits of addresses by location id, of the locations that are wanted."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for other in neighbours(reading) if wanted else ():
        for frame in frames_of(other, "location"):
            chosen = frame.filter(pl.col("location_id").is_in(list(wanted)))
            for row in chosen.select("location_id", *_ADDRESS).iter_rows(named=True):
                lines = tuple(row[name] for name in _ADDRESS[:-1] if row[name])
                traits = {"address": lines, "zip": (row["zip"],) if row["zip"] else ()}
                found[row["location_id"]] = {name: values for name, values in traits.items() if values}
    return found


def frames_of(place: Place, table: str) -> Iterator[pl.DataFrame]:
    """The good rows of a file that is named after a table; what is wrong with it is told where it is read itself."""
    if table_named(place.name) != table:
        return
    try:
        with open_table(place) as opened:
            if isinstance(opened, Opened) and opened.layout.table == table:
                number = 0
                for block in read_blocks(opened.stream, opened.rest, opened.layout.delimiter):
                    cells = cut_cells(block, opened.layout, number)
                    number += cells.rows
                    yield type_cells(cells, table)[0]
    except Rejected:
        return
