"""Mapping coverage: what of the sources has a standard concept and what has none. Read from `records.code`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stores.lake import Lake

CODES = "records.code"

_COVERAGE = """
WITH codes AS (
    SELECT target, source_vocabulary, source_value, bool_or(concept_id <> 0) AS mapped,
        sum(number_of_rows) AS n, sum(number_of_rows) FILTER (concept_id <> 0) AS n_mapped
    FROM records.code GROUP BY ALL
)
SELECT target, source_vocabulary, count(*) FILTER (source_value <> ''),
    count(*) FILTER (mapped AND source_value <> ''), sum(n)::BIGINT, coalesce(sum(n_mapped), 0)::BIGINT
FROM codes GROUP BY ALL ORDER BY ALL
"""

_UNMAPPED = """
SELECT source_vocabulary, source_value, max_by(source_display, number_of_rows), list_sort(list(DISTINCT target)),
    sum(number_of_rows)::BIGINT AS n, max(number_of_persons)
FROM records.code WHERE concept_id = 0 AND source_value <> ''
GROUP BY source_vocabulary, source_value
ORDER BY n DESC, source_vocabulary, source_value
"""


@dataclass(frozen=True)
class Unmapped:
    """A source code that got no standard concept. Persons: at least so many, as the table with most has."""

    vocabulary: str
    code: str
    display: str
    tables: tuple[str, ...]
    rows: int
    persons: int


def mapping_coverage(lake: Lake, versions: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """One row for each table and vocabulary: codes and rows, and how many of them have a standard concept.

    Args:
        lake: the lake.
        versions: those of a release; the newest where None.

    Returns:
        `table`, `vocabulary` (empty: none is named), `codes`, `mapped_codes`, `rows`, `mapped_rows`, in their order.
        A row counts once for each concept that it got.
    """
    names = ("table", "vocabulary", "codes", "mapped_codes", "rows", "mapped_rows")
    return [dict(zip(names, row, strict=True)) for row in _ask(lake, versions, _COVERAGE)]


def sum_coverage(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Coverage over all tables, by records (distinct codes) and by volume (rows); None where there is nothing."""
    total = {
        name: sum(row[name] for row in rows) for name in ("codes", "mapped_codes", "rows", "mapped_rows")
    }
    by_codes = round(total["mapped_codes"] / total["codes"], 4) if total["codes"] else None
    by_rows = round(total["mapped_rows"] / total["rows"], 4) if total["rows"] else None
    return {**total, "by_records": by_codes, "by_volume": by_rows}


def coverage_rows(coverage: dict[str, Any]) -> list[dict[str, Any]]:
    """Coverage as a person reads it: one row a table and vocabulary, with shares in percent."""
    return [
        {
            "table": row["table"],
            "vocabulary": row["vocabulary"] or "none named",
            "codes": row["codes"],
            "codes mapped": percent(row["mapped_codes"], row["codes"]),
            "rows": row["rows"],
            "rows mapped": percent(row["mapped_rows"], row["rows"]),
        }
        for row in coverage.get("tables", [])
    ]


def coverage_sentence(coverage: dict[str, Any]) -> str:
    """Coverage over all tables, in one sentence."""
    codes, rows = (percent(coverage[f"mapped_{name}"], coverage[name]) for name in ("codes", "rows"))
    return f"{codes} of the source codes and {rows} of the rows have a standard concept."


def percent(part: int, whole: int) -> str:
    """A share as text; never 100 % while something is missing, nor 0 while something is there."""
    if not whole:
        return "-"
    share = 100 * part / whole
    if part not in (0, whole):
        share = min(max(share, 0.1), 99.9)
    return f"{share:.1f} %"


def unmapped_codes(lake: Lake, versions: Mapping[str, int] | None = None) -> list[Unmapped]:
    """Source codes without a standard concept, the most frequent first."""
    return [
        Unmapped(vocabulary, code, display or "", tuple(tables), rows, persons)
        for vocabulary, code, display, tables, rows, persons in _ask(lake, versions, _UNMAPPED)
    ]


def _ask(lake: Lake, versions: Mapping[str, int] | None, query: str) -> list[tuple[Any, ...]]:
    version = lake.version(CODES) if versions is None else versions.get(CODES)
    if version is None:
        return []
    with lake.connect({CODES: version}) as connection:
        return connection.execute(query).fetchall()
