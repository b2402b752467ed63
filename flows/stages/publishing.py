"""Publish a source: merge its records, judge its tables, commit them, note what is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from connectors.crosswalk import KIND as CROSSWALK
from connectors.registry import connector
from contracts.accounting import Account
from contracts.protocols import Exporter
from contracts.schemas import LAKE
from flows.executor import Failure
from flows.rounds import Round, SourceOutcome
from flows.stages.repairing import close_publication, open_publication, with_orphans
from stores import staging
from stores.catalog import PublicationRow, UnitRow
from stores.staging import Manifest
from tasks.exporting import conclude_export
from tasks.merging import LEDGER_COLUMNS, is_rejected
from tasks.merging_sources import Numbers, SourceMerge, merge_source, slices_of
from tasks.publishing import LEDGER, Publication, account_source, publish_ledger, publish_table, tables_of
from tasks.workroom import Job, load_sources

_MERGING = ".merging"
"""Beneath the staging area; what lies there is gone when a source is published."""


def publish_source(current: Round, name: str) -> SourceOutcome:
    """Publish what the source's units staged, table by table, behind the gate.

    Units are marked published only when every table of theirs is; otherwise they stay staged and the next round tries
    again. The ledger is written last, so that a cut-off round is judged anew from the same facts.
    """
    outcome = current.sources[name]
    if outcome.problem:
        return outcome
    manifests = staged_manifests(current, outcome)
    held = current.lake.rows(LEDGER)
    folder = current.home.staging / _MERGING / name
    with current.timed(f"publish {name}"), slices_of(folder, outcome.kind, manifests, held) as slices:
        merge = merge_source(
            outcome.kind,
            manifests,
            _ledger(current, [name]),
            outcome.gone,
            slices,
            current.room.key,
            incremental=not current.source(name).snapshot,
            others=_ledger(current, _others_of_authority(current, name)),
        )
        merge = with_orphans(current, name, merge)
        complete = _publish_merged(current, name, manifests, merge)
    if complete and not outcome.failures:
        _conclude(current, name)
    return outcome


def _publish_merged(current: Round, name: str, manifests: list[Manifest], merge: SourceMerge) -> bool:
    """Commit what the merge found, tables first, account for it, and note what is published; whether all of it was."""
    outcome, rows = current.sources[name], current.catalog.units(name)
    if len(merge.touched):
        open_publication(current, name)
        outcome.publications = _publish_tables(current, name, manifests, merge)
    complete = not any(p.state in {"blocked", "held"} for p in outcome.publications)
    unread = [Account.from_json(rows[u].account) for u in outcome.unread if rows[u].account]
    removed = _removed_records(outcome.kind, merge.removed, rows)
    outcome.account, by_unit = account_source(manifests, merge, unread, removed)
    outcome.account.check(name)
    if outcome.out_of_reach:
        outcome.account.warnings["linkage-out-of-reach"] = len(outcome.out_of_reach)
    if older := sum(1 for m in manifests if is_rejected(m) and rows[m.unit.unit].tables):
        outcome.account.warnings["earlier-version-shown"] = older
    if complete:
        current.catalog.mark(merge.dirty, "surveyed")  # they hold a newer statement than what is published
        if len(merge.touched):
            receipt = publish_ledger(current.lake, name, merge, current.number)
            current.changed |= receipt.changed
        _mark_published(current, name, outcome, manifests, by_unit, rows)
    close_publication(current, name, complete=complete)
    return complete


def _conclude(current: Round, name: str) -> None:
    """Where the source makes its export when asked: the next one begins where this one ends."""
    source = current.source(name)
    one = connector(source.kind)
    if isinstance(one, Exporter):
        conclude_export(current.room, source, one)


def staged_manifests(current: Round, outcome: SourceOutcome) -> list[Manifest]:
    """The staged output of the units read in this round, in the order of their names.

    What an earlier round staged and could not publish is taken along, though its file may be listed no more. A unit
    of this round whose staging is not there is a failure, never passed over.
    """
    contexts = current.room.vault.contexts([u.unit for u in outcome.to_read], current.today)
    units = sorted(outcome.to_read, key=lambda u: u.unit)
    keys = [(u.token, Job("", u, "", contexts.get(u.unit, "")).fingerprint) for u in units]
    staged = staging.find_all(current.home.staging, units[0].source, keys) if units else {}
    found = []
    for unit, key in zip(units, keys, strict=True):
        manifest = staged.get(key)
        if unit.unit in outcome.failures:
            continue
        if manifest is None:
            outcome.failures[unit.unit] = Failure(
                "StagingLost", "what was staged of this unit is gone; run again"
            )
        else:
            found.append(manifest)
    return found + _left_over(current, outcome)


def _left_over(current: Round, outcome: SourceOutcome) -> list[Manifest]:
    """Whole staged output of units that are listed no more and were never published as they were surveyed."""
    name = next(n for n, o in current.sources.items() if o is outcome)
    rows = current.catalog.units(name)
    listed = (
        {u.unit for u in outcome.to_read} | set(outcome.unread) | set(outcome.gone) | set(outcome.failures)
    )
    waiting = {u: r for u, r in rows.items() if u not in listed and r.state == "surveyed"}
    found = {m.unit.unit: m for m in staging.manifests(current.home.staging, name) if m.unit.unit in waiting}
    return [m for u, m in sorted(found.items()) if m.unit.digest == waiting[u].digest]


def _ledger(current: Round, names: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The ledger's rows of these sources, a batch at a time, versions sealed."""
    if not names:
        return
    for batch in current.lake.batches(LEDGER, columns=[*LEDGER_COLUMNS, "_source"]):
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)
        yield frame.filter(pl.col("_source").is_in(names))


def _others_of_authority(current: Round, name: str) -> list[str]:
    """The other sources that may tell of the same records.

    A record is known by its authority; a file that owns its rows by its content.
    """
    source, known = current.source(name), load_sources(current.room.vault)
    record = connector(source.kind).ownership == "record"
    return [
        other.name
        for other in known.values()
        if other.name != name
        and other.kind != CROSSWALK
        and (other.authority == source.authority if record else other.kind == source.kind)
        and connector(other.kind).ownership == connector(source.kind).ownership
    ]


def _publish_tables(
    current: Round, name: str, manifests: list[Manifest], merge: SourceMerge
) -> list[Publication]:
    published: list[Publication] = []
    blocked: set[str] = set()
    before = {
        table
        for source in (name, *merge.ceded)
        for row in current.catalog.units(source).values()
        for table in row.tables
    }
    for table in tables_of(manifests, before):
        with current.timed(f"publish {table}"):
            publication = publish_table(
                current.lake,
                name,
                table,
                manifests,
                merge,
                blocked=blocked,
                today=current.today,
                round_no=current.number,
            )
        if publication.state in {"blocked", "held"}:
            blocked.add(table)
        current.changed |= publication.state == "published"
        published.append(publication)
        version = publication.receipt.version if publication.receipt else None
        current.catalog.record_publication(
            PublicationRow(
                name, table, current.number, publication.state, version, publication.rows, publication.verdict
            )
        )
    return published


def _removed_records(kind: str, removed: Numbers, rows: Mapping[str, UnitRow]) -> int:
    """Source records behind the owners that are gone: an owner is a record, or a whole file of them."""
    if connector(kind).ownership == "record":
        return len(removed)
    records = {
        row.owner: Account.from_json(row.account).read for row in rows.values() if row.owner and row.account
    }
    return sum(records.get(owner, 1) for owner in removed.tolist())


def _mark_published(
    current: Round,
    name: str,
    outcome: SourceOutcome,
    manifests: list[Manifest],
    by_unit: Mapping[str, Account],
    rows: Mapping[str, UnitRow],
) -> None:
    """Note the units as published under this recipe; only then may their staging go."""
    parts = current.recipe_of(name)
    done = []
    for manifest in manifests:
        account = by_unit[manifest.unit.unit].to_json()
        before = rows[manifest.unit.unit]
        tables = {table: manifest.rows(table) for table in manifest.tables if table in LAKE}
        done.append(
            replace(
                before,
                state="published",
                context=str(manifest.context["persons"]),
                recipe=parts,
                # a file that cannot be read leaves what it was read as before
                owner=before.owner if is_rejected(manifest) else manifest.owner or None,
                account={
                    **account,
                    **{name: manifest.account.get(name) for name in ("source_tables", "vocabularies")},
                },
                tables=before.tables if is_rejected(manifest) else tables,
                round_no=current.number,
            )
        )
    current.catalog.record_units(done)
    current.catalog.mark(outcome.gone, "gone")
    for unit in outcome.gone:
        current.room.vault.forget_unit(unit)
    staging.remove(*manifests)
