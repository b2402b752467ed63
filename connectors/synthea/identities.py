"""Who is in a file of a Synthea export: patients with all that must be hidden of them, and those referred to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.synthea.layout import Layout
from connectors.tabular.rows import Batch
from contracts.identity import Identity

KIND = "synthea"
_TRAITS = {
    "name": ("first", "middle", "last", "maiden"),
    "identifier": ("id", "ssn", "drivers", "passport"),
    "zip": ("zip",),
    "birth_date": ("birth",),
    "death_date": ("death",),
}
_PLACES = ("address", "city", "county")
_ADDRESS_CODES = frozenset(("56799-0",))
"""LOINC codes of questions whose answer is where the person lives."""


def find_identities(
    batch: Batch, layout: Layout, positions: Mapping[str, int], authority: str, seen: set[tuple[str, ...]]
) -> Iterator[Identity]:
    """The identities that a batch's rows speak of; each with the same traits once for each `seen`."""
    table = layout.table
    owner = positions.get("id" if table == "patient" else "subject")
    if owner is None:
        return
    chosen = [positions.get(name) for name in _told_of(table)]
    for row in batch.cells:
        patient = row[owner].strip()
        values = tuple("" if at is None else row[at].strip() for at in chosen)
        if table == "observation" and values[0] not in _ADDRESS_CODES:
            values = ()
        if not patient or (patient, *values) in seen:
            continue
        if (
            table != "patient"
        ):  # a patient's row is one of its kind: to remember it would take memory for nothing
            seen.add((patient, *values))
        yield Identity(authority, patient, kind=KIND, traits=_traits(table, values))


def _told_of(table: str) -> Sequence[str]:
    """Fields that tell something of the person beside the number."""
    if table == "patient":
        return [*(n for names in _TRAITS.values() for n in names), *_PLACES, "birthplace"]
    return {"payer_transition": ("member", "owner_name"), "observation": ("code", "value")}.get(table, ())


def _traits(table: str, values: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    if not values:
        return {}
    if table == "observation":
        return _kept({"address": [values[1]]})
    if table == "payer_transition":
        return _kept({"identifier": [values[0]], "contact": [values[1]]})
    told = dict(zip(_told_of(table), values, strict=True))
    found = {trait: [told[name] for name in names] for trait, names in _TRAITS.items()}
    # the birthplace is one line: town, state and country, with two spaces where other exports have a comma
    town = told["birthplace"].replace(",", "  ").split("  ")[0]
    found["address"] = [*(told[name] for name in _PLACES), town]
    for trait in ("birth_date", "death_date"):
        found[trait] = [text[:10] for text in found[trait]]
    return _kept(found)


def _kept(found: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    kept = {trait: tuple(dict.fromkeys(v for v in values if v)) for trait, values in found.items()}
    return {trait: values for trait, values in kept.items() if values}
