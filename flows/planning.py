"""Plan a round without making it: what is new or changed, what a changed recipe touches, which rows follow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from connectors.crosswalk import KIND as CROSSWALK
from connectors.registry import connector
from contracts.errors import NightroundsError
from contracts.units import Listed, Source
from flows.rounds import use_overlay
from flows.settings import load_settings
from stores.catalog import Catalog, UnitRow
from stores.vault import token_of
from tasks.recipe import changed_components, components, touching
from tasks.workroom import Workroom, load_sources, open_workroom


def plan_round(home: Path, names: list[str] | None, *, reprocess: bool = False) -> dict[str, Any]:
    """What `run` would do now.

    Returns:
        `sources`: one row each, units by what would become of them; `rows`: by source, table and the changed
        component, how many published rows are made anew; `problems`: sources that cannot be listed.
    """
    room = open_workroom(str(home))
    settings = load_settings(home)
    use_overlay(settings)
    catalog = Catalog.open(room.home, settings.stores.catalog_url or None)
    known = {s.name: s.to_source() for s in settings.sources} or load_sources(room.vault)
    plan: dict[str, Any] = {"sources": [], "rows": [], "problems": []}
    for name, source in sorted(known.items()):
        if (names and name not in names) or source.kind == CROSSWALK:
            continue
        try:
            listed = connector(source.kind).discover(source, catalog.checkpoint(name)).listed
        except (NightroundsError, OSError) as error:
            problem = str(error) if isinstance(error, NightroundsError) else type(error).__name__
            plan["problems"].append({"source": name, "problem": problem})
            continue
        _plan_source(plan, room, source, listed, catalog.units(name), reprocess)
    return plan


def _plan_source(
    plan: dict[str, Any],
    room: Workroom,
    source: Source,
    listed: tuple[Listed, ...],
    known: dict[str, UnitRow],
    reprocess: bool,
) -> None:
    parts = components(source.kind, connector(source.kind).version, room.home.profile, room.home.key_id)
    units = {f"{source.name}/{token_of(room.key, source.name, item.path)}": item for item in listed}
    contexts = room.vault.contexts(sorted(units))
    counted: Counter[str] = Counter()
    rows: Counter[tuple[str, str]] = Counter()
    for unit, item in units.items():
        row = known.get(unit)
        if row is None:
            counted["new"] += 1
            continue
        why = _why(row, item, contexts.get(unit, ""), parts, reprocess)
        counted["changed" if why else "unchanged"] += 1
        for table, reason in _touched_rows(row, why):
            rows[table, reason] += row.tables[table]
    gone = [u for u in known if u not in units and known[u].state != "gone"] if source.snapshot else []
    plan["sources"].append(
        {
            "source": source.name,
            "to read": counted["new"] + counted["changed"],
            "new": counted["new"],
            "changed": counted["changed"],
            "unchanged": counted["unchanged"],
            "gone": len(gone),
        }
    )
    plan["rows"] += [
        {"source": source.name, "table": table, "rows": count, "why": reason}
        for (table, reason), count in sorted(rows.items())
    ]


def _why(row: UnitRow, item: Listed, context: str, parts: dict[str, str], reprocess: bool) -> list[str]:
    if reprocess:
        return ["asked"]
    stamp = item.stamp
    if row.state != "published" or (row.size, row.modified, row.identity) != (
        stamp.size,
        stamp.modified,
        stamp.identity,
    ):
        return ["the export changed"]
    why = ["linkage"] if row.context != context else []
    return why + touching(
        changed_components(row.recipe, parts), row.kind, set(row.account.get("source_tables", {}))
    )


def _touched_rows(row: UnitRow, why: list[str]) -> list[tuple[str, str]]:
    """Tables of a unit whose rows change, each with the reason: a mapping or suite touches its own table alone."""
    found = []
    for reason in why:
        scope, _, target = reason.partition(":")
        tables = [target] if scope in {"mapping", "suite"} and target in row.tables else list(row.tables)
        found += [(table, reason) for table in tables if row.tables.get(table)]
    return found
