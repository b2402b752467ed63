"""Units of measurement: how sources write them, and their UCUM codes (https://ucum.org). Values are never converted.

`units.csv` says which spellings are which code, and which standard concept OMOP has for it. A source's unit stays as it
is stated, beside its code.
"""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from functools import lru_cache
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal

_FILE = "units.csv"
_SAME = str.maketrans({"\u03bc": "u", "\u00d7": "x"})  # the micro sign (as NFKC writes it), the times sign


def normalise_units(events: pa.Table) -> pa.Table:
    """Give events the UCUM codes of their units, where a code is missing or is no UCUM.

    Args:
        events: rows of `contracts.schemas.events.EVENT`; `unit` and `unit_code` are read.

    Returns:
        The events with `unit_code` filled in as far as the unit is known. A code that this module does not know stays:
        UCUM has no end of codes. Where only a code was stated, it is the unit as stated too.
    """
    units, codes = events["unit"], events["unit_code"]
    if units.null_count == codes.null_count == events.num_rows:
        return events
    named = pc.coalesce(units, codes)
    known = pc.coalesce(_map(codes), codes, _map(units))
    found = {"unit": named, "unit_code": known}
    columns = [found.get(name, events[name]) for name in events.schema.names]
    return pa.table(columns, schema=events.schema)


def ucum_code(unit: str) -> str | None:
    """The UCUM code of a unit as a source writes it, None where it is not known."""
    exact, loose = _spellings()
    unit = unit.strip()
    return exact.get(unit) or loose.get(_fold(unit))


@lru_cache(maxsize=1)
def unit_concepts() -> dict[str, int]:
    """OMOP's standard unit concepts by UCUM code, as far as `units.csv` has them: no vocabulary is needed for these."""
    return {code: int(concept) for code, concept, _ in _rows() if concept}


@lru_cache(maxsize=1)
def units_digest() -> str:
    """Digest of what is known of units: part of the recipe of every format that has events."""
    return hashlib.sha256((files(__package__) / _FILE).read_bytes()).hexdigest()[:16]


def _map(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """UCUM codes of units, by distinct value."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # how pyarrow combines a column of no chunk
        return column
    codes = pa.array([ucum_code(unit) for unit in encoded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([codes.take(encoded.indices)])


def _fold(unit: str) -> str:
    """Capitals, blanks and micro signs make no difference, but in a single letter: C is no coulomb, m no mega."""
    folded = "".join(unicodedata.normalize("NFKC", unit).casefold().split()).translate(_SAME)
    return folded if len(folded) > 1 else ""


@lru_cache(maxsize=1)
def _spellings() -> tuple[dict[str, str], dict[str, str]]:
    """UCUM codes by spelling, as it stands and folded."""
    exact: dict[str, str] = {}
    loose: dict[str, str] = {}
    for code, _, spellings in _rows():
        for spelling in (code, *spellings):
            if exact.setdefault(spelling, code) != code or loose.setdefault(_fold(spelling), code) != code:
                raise Fatal("a unit stands for two codes", f"{_FILE}: {spelling}", "one of them")
            loose.pop("", None)
    return exact, loose


def _rows() -> list[tuple[str, str, list[str]]]:
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("# "))
    rows = csv.DictReader(lines)
    return [(r["code"], r["concept_id"], [s for s in r["spellings"].split(" | ") if s]) for r in rows]
