"""What the page's section on records says: by kind of export, records in, rows out, what was held back, codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nightrounds.demo.feeds import Feed
from nightrounds.demo.showing import Showing
from nightrounds.reasons import explain_reason
from stores.vocabulary import Vocabularies
from tasks.coverage import coverage_sentence

_FATES = {
    "read": "records", "accepted": "accepted", "unchanged": "unchanged", "quarantined": "held back", "merged": "merged",
    "unmapped": "no table", "removed": "taken back",
}  # fmt: skip
_TABLES = (
    "visit_occurrence", "condition_occurrence", "drug_exposure", "procedure_occurrence", "measurement", "observation",
    "note",
)  # fmt: skip
_MOST_TYPES = 8


def gather_records(showing: Showing) -> dict[str, Any]:
    """Kinds of export with their figures; coverage of codes; what was taken back and merged."""
    feeds = showing.feeds
    rows = {feed.kind: [feed.tables.get(f"omop.{table}", 0) for table in _TABLES] for feed in feeds}
    fates = {feed.kind: [feed.read, *(feed.fates.get(f, 0) for f in list(_FATES)[1:])] for feed in feeds}
    coverage = showing.nights[-1].summary["coverage"]
    return {
        "nights": len(showing.nights),
        "release": showing.reader.release.number,
        "fates": list(_FATES.values()),
        "tables": [table.partition("_")[0] for table in _TABLES],
        "feeds": [
            {
                "name": feed.name,
                "sources": feed.sources,
                "fates": fates[feed.kind],
                "rows": rows[feed.kind],
                "tabled": any(rows[feed.kind]),
            }
            for feed in feeds
        ],
        "sums": _sum(list(fates.values())),
        "table_sums": _sum(list(rows.values())),
        "held": [(feed.name, _reasons(feed)) for feed in feeds if feed.reasons],
        "unmapped": [(feed.name, _most(feed.types)) for feed in feeds if feed.types],
        "coverage": coverage_sentence(coverage).rstrip("."),
        "vocabularies": _by_vocabulary(coverage["tables"]),
        "no_vocabulary": Vocabularies.open(showing.home.vocabulary) is None,
        "home": showing.relative(showing.home.path),
        "taken_back": showing.taken_back,
        "merge": showing.merge,
    }


def _sum(rows: Sequence[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _reasons(feed: Feed) -> list[tuple[str, str, int]]:
    return [(reason, explain_reason(reason).meaning, count) for reason, count in sorted(feed.reasons.items())]


def _most(types: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent types, the rest as one."""
    found = sorted(types.items(), key=lambda item: (-item[1], item[0]))
    more = sum(count for _, count in found[_MOST_TYPES:])
    return [*found[:_MOST_TYPES], *([("others", more)] if more else [])]


def _by_vocabulary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Coverage by vocabulary, over all tables, most rows first."""
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        counts = sums.setdefault(row["vocabulary"] or "none named", Counter())
        counts.update({name: row[name] for name in ("codes", "mapped_codes", "rows", "mapped_rows")})
    told = [{"name": name, **dict(counts)} for name, counts in sums.items()]
    return sorted(told, key=lambda row: (-row["rows"], row["name"]))
