"""Derive tables over the whole lake, link the graph, and check what holds between tables."""

from __future__ import annotations

from contracts.schemas import LAKE
from flows.rounds import Round
from quality.cross import run_checks
from tasks.concepts import open_drugs
from tasks.deriving import derive_linkage, derive_table, derived_tables
from tasks.referring import THING, Resolver, resolve_referring
from tasks.reports import resolve_reports
from tasks.studies import resolve_studies
from tasks.visit_parts import parted_kind, resolve_visits
from tasks.workroom import load_sources

_GRAPH = "graph."


def derive_all(current: Round, *, graph: bool) -> dict[str, int]:
    """Derive the linkage, OMOP and imaging tables, or the graph; returns rows by table."""
    found = []
    if not graph:
        found = derive_linkage(current.lake, current.room.vault, current.number)
        _resolve(current)
    vocabulary = open_drugs(current.home)
    for table in derived_tables():
        if table.startswith(_GRAPH) == graph:
            with current.timed(f"derive {table}"):
                derived = derive_table(
                    current.lake, table, current.number, vocabulary, _withheld(current) if graph else ()
                )
            if derived is not None:
                found.append(derived)
    if not graph:
        from tasks.vcf.quality.deriving import derive_variants
        from tasks.vcf.release.suppressing import derive_suppressed

        with current.timed("derive genomics"):
            found += derive_variants(current.lake, current.room.vault, current.number)
            hidden = derive_suppressed(current.lake, current.settings.genomics.suppression(), current.number)
            found += [hidden] if hidden is not None else []
    for derived in found:
        current.derived[derived.table] = derived.rows
        current.changed |= derived.receipt.changed
    return {d.table: d.rows for d in found}


def _withheld(current: Round) -> list[str]:
    """The tables that readers are not to see in the graph either."""
    none = current.settings.genomics.release == "none"
    return [name for name in LAKE if none and name.startswith("genomics.")]


def _resolve(current: Round) -> None:
    """What follows from records of several sources and nights, before anything is derived from it: the visits of what
    happened in their parts, the codes of what is told elsewhere, the reports whose text no document tells, and the
    procedures of studies that no record tells of."""
    sources = load_sources(current.room.vault)
    parted = sorted(name for name, source in sources.items() if parted_kind(source.kind))
    with current.timed("resolve visits"):
        receipts = resolve_visits(current.lake, parted, current.number)
    with current.timed("resolve things"):
        derive_table(current.lake, THING, current.number)
        resolver = Resolver(current.room.vocabulary, current.vocabulary, current.home.profile)
        receipts += resolve_referring(current.lake, resolver, current.number)
    with current.timed("resolve reports"):
        receipts += resolve_reports(current.lake, current.number)
    with current.timed("resolve studies"):
        receipts += resolve_studies(current.lake, resolver, current.number)
    current.changed |= any(receipt.changed for receipt in receipts)


def check_lake(current: Round) -> list[dict[str, object]]:
    """Run the checks that hold between tables; counts only."""
    with current.timed("check"), current.lake.connect() as connection:
        results = run_checks(connection, set(current.lake.tables()))
    current.checks = [result.to_json() for result in results]
    return current.checks
