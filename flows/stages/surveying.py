"""List a source, digest what is new, learn who is in it; then decide which units must be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors.registry import connector
from contracts.errors import NightroundsError
from contracts.protocols import Exporter
from contracts.units import Discovery, Listed, Source, Stamp, Unit
from flows.executor import Failure
from flows.rounds import Round, SourceOutcome
from stores.catalog import UnitRow
from stores.landing import Landing
from tasks.exporting import Tell, Unfetched, await_export, fetch_units
from tasks.recipe import changed_components, digest_recipe, touching
from tasks.surveying import Surveyed, survey_unit
from tasks.workroom import Job

Progress = Callable[[int, int], None]


def survey_source(
    current: Round, name: str, progress: Progress | None = None, tell: Tell | None = None
) -> SourceOutcome:
    """List the source's objects and survey those whose stamp is new. A source that cannot be listed is a problem of
    its own: the others go on."""
    source = current.source(name)
    outcome = current.sources.setdefault(name, SourceOutcome(source.kind))
    with current.timed(f"survey {name}"):
        try:
            discovery = _discover(current, source, tell)
        except (NightroundsError, OSError) as error:
            outcome.problem = str(error) if isinstance(error, NightroundsError) else type(error).__name__
            return outcome
        if discovery.problem:
            outcome.problem = discovery.problem
            return outcome
        tokens = current.room.vault.remember_places(name, [item.path for item in discovery.listed])
        listed = {f"{name}/{t}": item for t, item in zip(tokens, discovery.listed, strict=True)}
        known = current.catalog.units(name)
        if source.snapshot and not listed and any(row.state == "published" for row in known.values()):
            outcome.problem = (
                "the export is empty, where it was not before: is it mounted? nothing was removed"
            )
            return outcome
        outcome.listed = len(listed)
        outcome.gone = sorted(set(known) - set(listed)) if source.snapshot else []
        outcome.gone = [u for u in outcome.gone if known[u].state != "gone"]
        fresh = [
            u for u, item in listed.items() if current.options.verify or not _same_stamp(known.get(u), item)
        ]
        landed = _fetch(current, source, outcome, {u: listed[u] for u in fresh})
        _survey_units(current, outcome, landed, known, progress)
        outcome.unread = sorted(set(listed) - set(outcome.failures))
    return outcome


def _discover(current: Round, source: Source, tell: Tell | None) -> Discovery:
    """List the source; where it makes its export when asked, wait for it."""
    one = connector(source.kind)
    if not isinstance(one, Exporter):
        return one.discover(source, current.catalog.checkpoint(source.name))
    afresh = current.options.reprocess
    return await_export(current.room, source, one, afresh=afresh, tell=tell, late=lambda: current.late)


def _fetch(
    current: Round, source: Source, outcome: SourceOutcome, fresh: Mapping[str, Listed]
) -> dict[str, Listed]:
    """Bring an export's files into the landing area; those that have landed. Of other sources workers see to it."""
    one = connector(source.kind)
    if not isinstance(one, Exporter):
        return dict(fresh)
    stamps, landed = {unit: item.stamp for unit, item in fresh.items()}, {}
    for found in fetch_units(current.room, stamps, source, one, late=lambda: current.late):
        if isinstance(found, Unfetched):
            outcome.gone = []  # what seems to be gone may be in the file that did not come
            outcome.failures[found.unit] = Failure(type(found.error).__name__, str(found.error))
        else:
            landed[found] = fresh[found]
    return landed


def _same_stamp(row: UnitRow | None, item: Listed) -> bool:
    stamp = item.stamp
    return row is not None and (row.size, row.modified, row.identity) == (
        stamp.size,
        stamp.modified,
        stamp.identity,
    )


def _survey_units(
    current: Round,
    outcome: SourceOutcome,
    fresh: Mapping[str, Listed],
    known: Mapping[str, UnitRow],
    progress: Progress | None,
) -> None:
    kind = outcome.kind
    home, today = str(current.home.path), current.today.isoformat()
    jobs = [
        Job(home, Unit(u, u.partition("/")[0], kind, size=item.stamp.size), today, listed=item.stamp)
        for u, item in fresh.items()
    ]
    surveyed: list[Surveyed] = []
    for number, done in enumerate(current.executor.map(survey_unit, jobs), 1):
        if done.failure is not None:
            outcome.failures[done.item.unit.unit] = done.failure
        elif done.result is not None:
            surveyed.append(done.result)
        if progress:
            progress(number, len(jobs))
    current.catalog.record_units([_row(s, fresh[s.unit.unit], known.get(s.unit.unit)) for s in surveyed])


def _row(surveyed: Surveyed, item: Listed, before: UnitRow | None) -> UnitRow:
    """The unit's catalog row: one whose bytes are the ones published stays published under its new stamp."""
    stamp, unit = item.stamp, surveyed.unit
    row = before or UnitRow(unit=unit.unit, source=unit.source, kind=unit.kind, state="surveyed")
    if row.digest != unit.digest:
        row = replace(row, state="surveyed")
    return replace(
        row,
        size=stamp.size,
        modified=stamp.modified,
        identity=stamp.identity,
        digest=unit.digest,
        source=unit.source,
    )


def plan_source(current: Round, name: str) -> SourceOutcome:
    """Split the listed units into those to read, with why, and those unchanged.

    Unchanged means: digest, recipe and persons are those under which every table of the unit was published.
    """
    outcome = current.sources[name]
    if outcome.problem:
        return outcome
    kind = outcome.kind
    parts = current.recipe_of(name)
    rows = current.catalog.units(name)
    contexts = current.room.vault.contexts(outcome.unread, current.today)
    recipe = digest_recipe(parts)
    unread = []
    for unit in outcome.unread:
        row = rows[unit]
        why = _why(current, row, contexts.get(unit, ""), parts)
        if why:
            outcome.to_read.append(Unit(unit, name, kind, row.digest, recipe, row.size))
            outcome.reasons.setdefault(unit, Counter()).update(why)
        else:
            unread.append(unit)
    outcome.unread = unread
    _plan_absent(current, outcome, name, _absent(outcome, rows, set(rows) - set(unread)))
    return outcome


def _plan_absent(current: Round, outcome: SourceOutcome, name: str, absent: list[str]) -> None:
    """Plan units that are not listed any more: read from a copy that was kept, or, for a link, fetched once more."""
    parts, rows = current.recipe_of(name), current.catalog.units(name)
    recipe, kind = digest_recipe(parts), outcome.kind
    contexts = current.room.vault.contexts(absent, current.today)
    landing = Landing(current.home, current.room.key)
    touched: dict[Unit, list[str]] = {}
    for unit in absent:
        if why := _why(current, rows[unit], contexts.get(unit, ""), parts):
            row = rows[unit]
            touched[Unit(unit, name, kind, row.digest, recipe, row.size)] = why
    relinked = {unit for unit in absent if rows[unit].context != contexts.get(unit, "")}
    far = {u.unit: rows[u.unit] for u in touched if u.unit in relinked and not landing.has(u)}
    again = _fetch_again(current, name, far)
    for read, why in touched.items():
        if read.unit in again or landing.has(read):
            outcome.to_read.append(read)
            outcome.reasons.setdefault(read.unit, Counter()).update(why)
        elif read.unit in relinked:
            outcome.out_of_reach.append(read.unit)


def _fetch_again(current: Round, name: str, units: Mapping[str, UnitRow]) -> set[str]:
    """Fetch units once more whose source gives out by their paths alone what it listed on an earlier night."""
    source = current.source(name)
    one = connector(source.kind)
    if not units or not isinstance(one, Exporter) or not getattr(one, "lasting", False):
        return set()
    stamps = {unit: Stamp(0, row.modified, row.identity) for unit, row in units.items()}
    found = fetch_units(current.room, stamps, source, one, late=lambda: current.late)
    return {unit for unit in found if isinstance(unit, str)}


def _absent(outcome: SourceOutcome, rows: Mapping[str, UnitRow], others: set[str]) -> list[str]:
    """Published units whose file the source lists no more. Where a copy was kept they are read anew like any other;
    of those that a changed link touches, rows keep the earlier person until the file is sent again, and the report
    says so."""
    listed = {unit.unit for unit in outcome.to_read} | set(outcome.failures) | set(outcome.gone)
    return sorted(u for u in others - listed if rows[u].state == "published")


def _why(current: Round, row: UnitRow, context: str, parts: Mapping[str, str]) -> list[str]:
    """Why a unit must be read; empty when it is unchanged."""
    if current.options.reprocess:
        return ["asked"]
    if row.state != "published":
        return ["new" if not row.recipe else "changed" if row.state == "surveyed" else row.state]
    why = ["linkage"] if row.context != context else []
    changed = changed_components(row.recipe, parts)
    return why + touching(
        changed, row.kind, set(row.account.get("source_tables", {})), row.account.get("vocabularies")
    )
