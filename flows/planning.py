"""Plan a round without making it: what is new or changed, what a changed recipe touches, which rows follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.crosswalk import KIND as CROSSWALK
from connectors.registry import connector, source_components
from contracts.errors import Fatal, NightroundsError, Usage
from contracts.keys import Key
from contracts.protocols import Exporter
from contracts.units import Listed, Source
from flows.rounds import use_overlay
from flows.settings import Settings, load_settings
from stores.catalog import Catalog, UnitRow
from stores.home import Home, open_home
from stores.vault import Vault, token_of
from stores.vocabulary_site import read_site_map
from tasks.concepts import vocabulary_parts
from tasks.recipe import changed_components, components, reference_components, touching
from tasks.workroom import load_sources


@dataclass(frozen=True)
class _Kept:
    """What the home knows, read without a write: stores that were never written are not made."""

    home: Home
    key: Key = field(repr=False)
    vault: Vault | None
    catalog: Catalog | None

    def units(self, source: str) -> dict[str, UnitRow]:
        return self.catalog.units(source) if self.catalog else {}

    def checkpoint(self, source: str) -> str:
        return self.catalog.checkpoint(source) if self.catalog else ""


@contextmanager
def _kept(home: Path, catalog_url: str = "") -> Iterator[_Kept]:
    """Open what there is, and close it, so that SQLite's own files beside the databases go again."""
    opened = open_home(home)
    key = opened.load_key()
    with ExitStack() as stack:
        vault = catalog = None
        if (opened.vault / "vault.db").is_file():
            vault = stack.enter_context(Vault.open(opened, key))
        if catalog_url or (opened.catalog.is_file() and opened.catalog.stat().st_size):
            catalog = stack.enter_context(Catalog.open(opened, catalog_url or None))
        yield _Kept(opened, key, vault, catalog)


def known_sources(home: Path) -> dict[str, Source]:
    """The home's sources by name: those of its settings, else those sealed in its vault. Writes nothing."""
    configured = {s.name: s.to_source() for s in load_settings(home).sources}
    if configured:
        return configured
    with _kept(home) as kept:
        return load_sources(kept.vault) if kept.vault else {}


def check_names(names: list[str] | None, known: Mapping[str, Source]) -> None:
    """Raise `Usage` for a name that is no source's; the message lists the known ones."""
    for name in names or []:
        if name not in known:
            raise Usage("no such source", name, f"one of {', '.join(sorted(known)) or 'none is known'}")


def plan_round(
    home: Path, names: list[str] | None, *, reprocess: bool = False, extra: Sequence[Source] = ()
) -> dict[str, Any]:
    """What `run` would do now. Writes nothing, whatever the home holds.

    Args:
        home: the home.
        names: names of sources; all where empty.
        reprocess: as if every unit were read again.
        extra: sources that the home does not keep yet.

    Returns:
        `sources`: one row each, units by what would become of them; `rows`: by source, table and the changed
        component, how many published rows are made anew; `problems`: sources that cannot be listed; `cut_off`:
        sources of which a round that was cut off left units whose people are not resolved.

    Raises:
        Usage: an unknown name.
    """
    settings = load_settings(home)
    use_overlay(settings)
    known = {**known_sources(home), **{source.name: source for source in extra}}
    check_names(names, known)
    plan: dict[str, Any] = {"sources": [], "rows": [], "problems": [], "cut_off": [], "asked": []}
    with _kept(home, settings.stores.catalog_url) as kept:
        for name, source in sorted(known.items()):
            if (names and name not in names) or source.kind == CROSSWALK:
                continue
            one = connector(source.kind)
            if isinstance(one, Exporter):
                plan["asked"].append(name)
                continue
            try:
                listed = one.discover(source, kept.checkpoint(name)).listed
            except (NightroundsError, OSError) as error:
                problem = str(error) if isinstance(error, NightroundsError) else type(error).__name__
                plan["problems"].append({"source": name, "problem": problem})
                continue
            _plan_source(plan, kept, source, listed, reprocess, settings)
    return plan


def _contexts(kept: _Kept, units: list[str]) -> dict[str, str | None]:
    """Each unit's context; None where its people are not resolved, since a round was cut off in between."""
    if kept.vault is None:
        return {}
    today = datetime.now(UTC).date()
    try:
        return dict(kept.vault.contexts(units, today))
    except Fatal:
        found: dict[str, str | None] = {}
        for unit in units:
            try:
                found |= kept.vault.contexts([unit], today)
            except Fatal:
                found[unit] = None
        return found


def _plan_source(
    plan: dict[str, Any],
    kept: _Kept,
    source: Source,
    listed: tuple[Listed, ...],
    reprocess: bool,
    settings: Settings,
) -> None:
    known = kept.units(source.name)
    parts = components(
        source.kind,
        connector(source.kind).version,
        kept.home.profile,
        kept.home.key_id,
        vocabulary_parts(kept.home, read_site_map(kept.home.vocabulary)),
        settings.privacy.text_policy(),
        settings.imaging.policy(),
        settings.genomics.policy(),
    )
    parts |= source_components(source) | reference_components(source)
    units = {f"{source.name}/{token_of(kept.key, source.name, item.path)}": item for item in listed}
    contexts = _contexts(kept, sorted(units))
    if None in contexts.values():
        plan["cut_off"].append(source.name)
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


def _why(
    row: UnitRow, item: Listed, context: str | None, parts: dict[str, str], reprocess: bool
) -> list[str]:
    if reprocess:
        return ["asked"]
    stamp = item.stamp
    if row.state != "published" or (row.size, row.modified, row.identity) != (
        stamp.size,
        stamp.modified,
        stamp.identity,
    ):
        return ["the export changed"]
    if context is None:
        return ["a round was cut off"]
    why = ["linkage"] if row.context != context else []
    return why + touching(
        changed_components(row.recipe, parts),
        row.kind,
        set(row.account.get("source_tables", {})),
        row.account.get("vocabularies"),
    )


def _touched_rows(row: UnitRow, why: list[str]) -> list[tuple[str, str]]:
    """Tables of a unit whose rows change, each with the reason: a mapping or suite touches its own table alone."""
    found = []
    for reason in why:
        scope, _, target = reason.partition(":")
        tables = [target] if scope in {"mapping", "suite"} and target in row.tables else list(row.tables)
        found += [(table, reason) for table in tables if row.tables.get(table)]
    return found
