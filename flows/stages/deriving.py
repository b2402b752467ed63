"""Derive tables over the whole lake, link the graph, and check what holds between tables."""

from __future__ import annotations

from flows.rounds import Round
from quality.cross import run_checks
from tasks.deriving import derive_linkage, derive_table, derived_tables

_GRAPH = "graph."


def derive_all(current: Round, *, graph: bool) -> dict[str, int]:
    """Derive the linkage, OMOP and imaging tables, or the graph; returns rows by table."""
    found = [] if graph else derive_linkage(current.lake, current.room.vault, current.number)
    for table in derived_tables():
        if table.startswith(_GRAPH) == graph:
            with current.timed(f"derive {table}"):
                derived = derive_table(current.lake, table, current.number)
            if derived is not None:
                found.append(derived)
    if not graph:
        from tasks.vcf.quality.deriving import derive_variants

        with current.timed("derive genomics"):
            found += derive_variants(current.lake, current.room.vault, current.number)
    for derived in found:
        current.derived[derived.table] = derived.rows
        current.changed |= derived.receipt.changed
    return {d.table: d.rows for d in found}


def check_lake(current: Round) -> list[dict[str, object]]:
    """Run the checks that hold between tables; counts only."""
    with current.timed("check"), current.lake.connect() as connection:
        results = run_checks(connection, set(current.lake.tables()))
    current.checks = [result.to_json() for result in results]
    return current.checks
