"""What no living human has: hard limits of measured values by LOINC code and unit, from `limits.csv`."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import Fatal

REASON = "impossible-value"
LIMITED = {"omop.measurement": "measurement", "omop.observation": "observation"}
"""The tables whose values have limits, and the prefix of their columns."""

_FILE = Path(__file__).parent / "limits.csv"
_LOINC = "LOINC"

Limits = dict[tuple[str, str], tuple[float, float]]


def limits_text(table: str) -> str:
    """What the limits of a table's values are, for the digest of its suite; empty where it has none."""
    return _FILE.read_text(encoding="utf-8") if table in LIMITED else ""


def impossible_rows(table: str, rows: pa.Table) -> list[int]:
    """Indexes of the rows whose value no living human has, ascending.

    A row is judged where its source code is one of LOINC's in `limits.csv`, and its unit, as the source writes it in
    UCUM or by its concept, is the limit's: a number in another unit, or without one, says nothing.
    """
    prefix = LIMITED.get(table)
    names = ("value_as_number", "unit_source_value", "unit_concept_id", "source_vocabulary")
    if prefix is None or not {*names, f"{prefix}_source_value"} <= set(rows.schema.names):
        return []
    by_unit, by_concept, known = _limits()
    codes = rows[f"{prefix}_source_value"]
    meant = pc.and_(pc.is_in(codes, known), pc.is_valid(rows["value_as_number"]))
    where: npt.NDArray[np.int64] = np.flatnonzero(pc.fill_null(meant, False).to_numpy(zero_copy_only=False))
    if not len(where):
        return []
    chosen = rows.select([*names, f"{prefix}_source_value"]).take(pa.array(where))
    values, units, concepts, vocabularies, stated = (chosen[n].to_pylist() for n in chosen.schema.names)
    found = []
    for index, value, unit, concept, vocabulary, code in zip(
        where.tolist(), values, units, concepts, vocabularies, stated, strict=True
    ):
        limit = by_unit.get((code, unit or "")) or by_concept.get((code, str(concept or "")))
        if limit and vocabulary in (None, _LOINC) and not limit[0] <= value <= limit[1]:
            found.append(index)
    return found


@lru_cache(maxsize=1)
def _limits() -> tuple[Limits, Limits, pa.Array]:
    """The limits by code and unit, by code and concept of the unit, and the codes.

    Raises:
        Fatal: a line is malformed.
    """
    by_unit: Limits = {}
    by_concept: Limits = {}
    lines = (line for line in _FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    for row in csv.DictReader(lines):
        low, high = float(row["low"]), float(row["high"])
        if not (low < high and row["reason"]) or (row["code"], row["unit"]) in by_unit:
            raise Fatal("a limit is malformed", f"{_FILE.name}: {row['code']}", "low < high, each unit once")
        by_unit[row["code"], row["unit"]] = low, high
        if row["unit_concept_id"]:
            by_concept[row["code"], row["unit_concept_id"]] = low, high
    return by_unit, by_concept, pa.array(sorted({code for code, _ in by_unit}), pa.string())
