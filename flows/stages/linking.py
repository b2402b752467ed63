"""Take in the crosswalks and resolve identities to persons."""

from __future__ import annotations

from connectors.crosswalk import read_links
from connectors.listing import list_files
from contracts.accounting import Account
from contracts.errors import NightroundsError, Rejected
from contracts.identity import Link
from flows.rounds import Round, SourceOutcome
from stores.places import place_of


def link_source(current: Round, name: str) -> SourceOutcome:
    """Read a crosswalk source whole: its links become exactly those of its files."""
    source = current.source(name)
    outcome = current.sources.setdefault(name, SourceOutcome(source.kind))
    account, links = Account(), list[Link]()
    with current.timed(f"survey {name}"):
        try:
            listed = list_files(source.location, (".csv",))
        except (NightroundsError, OSError) as error:
            outcome.problem = str(error) if isinstance(error, NightroundsError) else type(error).__name__
            return outcome
        for item in listed:
            try:
                found = read_links(place_of(source, item.path))
            except Rejected as rejected:
                account.met()
                account.add("quarantined", reason=rejected.reason)
                continue
            links.extend(found.links)
            account.met(found.count)
            for _, reason in found.rejected:
                account.add("quarantined", reason=reason)
        changed = current.room.vault.set_links(name, links)
        account.add("accepted" if changed else "unchanged", len(links), kind="link")
    outcome.listed, outcome.account = len(listed), account
    return outcome


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
