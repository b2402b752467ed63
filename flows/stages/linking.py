"""Take in the crosswalks and sample sheets, and resolve identities to persons."""

from __future__ import annotations

from connectors.crosswalk import read_links
from connectors.listing import list_files
from connectors.sample_sheet import SUFFIXES, Individual, Sheet, SheetLinks, is_crosswalk, read_sheet
from contracts.accounting import Account
from contracts.errors import NightroundsError, Rejected
from contracts.identity import Link
from flows.rounds import Round, SourceOutcome
from stores.places import place_of
from tasks.vcf.quality.pedigree import Pedigree, keep_pedigree


def link_source(current: Round, name: str) -> SourceOutcome:
    """Read a crosswalk source whole: its links become exactly those of its files."""
    source = current.source(name)
    outcome = current.sources.setdefault(name, SourceOutcome(source.kind))
    account, links, individuals = Account(), list[Link](), list[Individual]()
    with current.timed(f"survey {name}"):
        try:
            sheet = Sheet.of(source.authority, source.options)
            listed = list_files(source.location, (".csv",) if sheet is None else SUFFIXES)
        except (NightroundsError, OSError) as error:
            outcome.problem = str(error) if isinstance(error, NightroundsError) else type(error).__name__
            return outcome
        for item in listed:
            try:
                place = place_of(source, item.path)
                found = (
                    read_links(place) if sheet is None or is_crosswalk(place) else read_sheet(place, sheet)
                )
                individuals += found.individuals if isinstance(found, SheetLinks) else []
            except Rejected as rejected:
                account.met()
                account.add("quarantined", reason=rejected.reason)
                continue
            links.extend(found.links)
            account.met(found.count)
            for _, reason in found.rejected:
                account.add("quarantined", reason=reason)
        changed = current.room.vault.set_links(name, links)
        keep_pedigree(current.room.vault, name, _declared(current, sheet, individuals))
        account.add("accepted" if changed else "unchanged", len(links), kind="link")
    outcome.listed, outcome.account = len(listed), account
    return outcome


def _declared(current: Round, sheet: Sheet | None, individuals: list[Individual]) -> Pedigree:
    """What the source's sheets declare of their individuals, by sample ids."""

    def sample_id(name: str) -> int:
        return current.room.key.id63("sample", sheet.samples if sheet else "", name)

    return Pedigree.of(
        (sample_id(one.sample), one.sex, tuple(map(sample_id, one.parents))) for one in individuals
    )


def resolve_persons(current: Round) -> dict[str, int]:
    """Join identities to persons; what changed is in the vault's history."""
    with current.timed("resolve"):
        resolution = current.room.vault.resolve(current.number)
    current.linkage_changed = bool(resolution.allotted or resolution.joined or resolution.parted)
    current.linkage = {
        "identities": resolution.identities,
        "persons": resolution.persons,
        "joined": resolution.joined,
        "parted": resolution.parted,
    }
    return current.linkage
