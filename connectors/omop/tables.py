"""Which table of the CDM a file holds, told by its name and its header; and what its columns are."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field

from contracts.errors import Rejected
from contracts.schemas.omop import CDM
from contracts.schemas.omop_source import RENAMED

DELIMITERS = (",", "\t", ";", "|")
SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".csv.gz", ".tsv.gz", ".txt.gz", ".tab.gz")
"""Endings of names of tables; a part of a split export may have none."""

_ALIKE = 0.5

_NEEDED = {
    "death": ("person_id", "death_date"),
    "fact_relationship": ("fact_id_1", "fact_id_2"),
    "episode_event": ("episode_id", "event_id"),
    "cdm_source": ("cdm_source_name",),
    "cohort": ("cohort_definition_id", "subject_id"),
}


@dataclass(frozen=True)
class Layout:
    """How a file of one table is laid out.

    Attributes:
        table: the table of the CDM.
        delimiter: what separates its cells.
        width: how many cells a row has.
        places: by the CDM 5.4 name of each known column, its place in a row.
        unknown: names of columns that the CDM has not. Names in a file may hold anything: for the user's own eyes.
        missing: columns of the CDM 5.4 that the file has not.
        renamed: columns that stand under their 5.3 name.
    """

    table: str
    delimiter: str
    width: int
    places: dict[str, int]
    unknown: tuple[str, ...] = field(default=(), repr=False)
    missing: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The CDM's version that the columns tell; empty where they tell none."""
        if self.renamed:
            return "5.3"
        return _tell_version(self.table, set(self.places))


def needed_columns(table: str) -> tuple[str, ...]:
    """The columns without which a table's rows are nothing: its key, and whose they are."""
    if table in _NEEDED:
        return _NEEDED[table]
    names = CDM[table].names
    return (names[0], "person_id") if "person_id" in names[1:] else (names[0],)


def recognise(name: str, header: str) -> Layout | None:
    """How a file is laid out; None where it is no table of the CDM.

    Args:
        name: the file's name. A table is told by its name inside it, whatever stands around ("omop_person_2024.csv");
            where the header is another table's, by the header alone.
        header: the first line.

    Raises:
        Rejected: `missing-column`, where the name is a table's and the header is no table's.
    """
    named = table_named(name)
    headers = [(delimiter, _names(header, delimiter)) for delimiter in DELIMITERS]
    layouts = [_lay_out(table, d, names) for d, names in headers if len(names) > 1 for table in CDM]
    whole = [found for found in layouts if _is_whole(found)]
    own = next((found for found in whole if found.table == named), None)
    best = max(whole, key=_likeness, default=None)
    if best and looks_like_table(name) and _likeness(best) >= _ALIKE:
        return own if own and _likeness(own) * 2 > _likeness(best) else best
    if own:
        return own
    if named:
        raise Rejected("missing-column", "row 1", f"{', '.join(needed_columns(named))} in the header")
    return None


def table_named(name: str) -> str:
    """The table of the CDM that a file is named after; "" where there is none."""
    lower = name.lower()
    if lower.startswith(".") or not looks_like_table(lower):
        return ""
    stem = lower.split(".")[0]
    words = [word for word in re.split(r"[^a-z0-9]+", stem) if word]
    runs = {
        "_".join(words[start:stop]): stop - start
        for start in range(len(words))
        for stop in range(start + 1, len(words) + 1)
    }
    found = [run for run in runs if run in CDM]
    return max(found, key=lambda run: runs[run]) if found else ""


def looks_like_table(name: str) -> bool:
    """Whether a file's name ends like a table's."""
    lower = name.lower()
    return not lower.startswith(".") and lower.endswith(SUFFIXES)


def _lay_out(table: str, delimiter: str, names: list[str]) -> Layout:
    known = set(CDM[table].names)
    places: dict[str, int] = {}
    unknown, renamed = [], []
    for place, name in enumerate(names):
        current = name if name in known else RENAMED.get(name, name)
        if current in known and current not in places:
            places[current] = place
            if current != name:
                renamed.append(name)
        else:
            unknown.append(name)
    missing = tuple(name for name in CDM[table].names if name not in places)
    return Layout(table, delimiter, len(names), places, tuple(unknown), missing, tuple(renamed))


def _names(header: str, delimiter: str) -> list[str]:
    try:
        row = next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error:
        return []
    return [name.strip().strip('"').strip().lower() for name in row]


def _is_whole(layout: Layout) -> bool:
    return all(name in layout.places for name in needed_columns(layout.table))


def _likeness(layout: Layout) -> float:
    """How much of the table is there, and how much of the file is the table."""
    return len(layout.places) / (len(layout.places) + len(layout.unknown) + len(layout.missing))


_ONLY_54 = {
    "visit_occurrence": ("admitted_from_concept_id", "discharged_to_concept_id"),
    "visit_detail": ("admitted_from_concept_id", "parent_visit_detail_id"),
    "procedure_occurrence": ("procedure_end_date",),
    "device_exposure": ("production_id", "unit_concept_id"),
    "measurement": ("measurement_event_id", "unit_source_concept_id"),
    "observation": ("observation_event_id", "value_source_value"),
    "note": ("note_event_id",),
    "location": ("country_concept_id",),
    "metadata": ("metadata_id",),
    "cdm_source": ("cdm_version_concept_id",),
}
"""Columns that the CDM has since 5.4 (https://ohdsi.github.io/CommonDataModel/cdm54Changes.html)."""


def _tell_version(table: str, present: set[str]) -> str:
    new = _ONLY_54.get(table)
    if new is None:
        return "5.4" if table in ("episode", "episode_event") else ""
    return "5.4" if present & set(new) else "5.3"
