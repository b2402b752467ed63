"""The exports of the hospitals' other systems: interface engine, exchange, practices, warehouse, laboratory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nightrounds.demo import ccda_export, csv_export, hl7v2_export, omop_export, synthea_export
from nightrounds.demo.care import Commission, Happened
from nightrounds.demo.ccda_documents import MRN_ROOT
from nightrounds.demo.hl7v2_messages import ASSIGNER
from nightrounds.demo.people import HOSPITAL_A, HOSPITAL_B, TruePerson

Alias = tuple[str, str, str]
"""An identity: (authority, system, identifier)."""


@dataclass(frozen=True)
class Told:
    """What these exports say of the people, beside the health record: part of the truth.

    Attributes:
        happened: entries of the true timelines.
        aliases: identities by person, of name spaces that only one system uses.
        merges: (person, authority, identifier, system, night): numbers that turn out to be somebody's.
        numbers: identifiers that must not come out, by kind.
    """

    happened: tuple[Happened, ...]
    aliases: dict[str, list[Alias]]
    merges: tuple[tuple[str, str, str, str, int], ...]
    numbers: dict[str, set[str]]


def export_systems(commission: Commission) -> Told:
    """Write the exports of all five below the root, and book what was written."""
    messages = hl7v2_export.export_messages(commission)
    summaries, documents = ccda_export.export_documents(commission)
    checkups = synthea_export.export_practices(commission)
    measured, keys = omop_export.export_warehouse(commission)
    results, orders = csv_export.export_laboratory(commission)
    aliases: dict[str, list[Alias]] = {}
    for person in commission.people:
        named = {r.authority: r.mrn for r in person.registrations}
        aliases[person.key] = [
            *_alias(
                person, (*hl7v2_export.GUESTS, hl7v2_export.MERGED), HOSPITAL_A, f"hl7v2:{ASSIGNER}", named
            ),
            *_alias(person, ccda_export.GUESTS, HOSPITAL_B, f"ccda:{MRN_ROOT}", named),
            *([(HOSPITAL_B, "omop", keys[person.key])] if person.key in keys else []),
        ]
    merge = (hl7v2_export.MERGED, HOSPITAL_A, messages.temporary, f"hl7v2:{ASSIGNER}", 2)
    numbers = {
        "visit_or_order": {*messages.numbers, *orders},
        "document": set(documents),
        "temporary_mrn": {messages.temporary},
        "warehouse_key": set(keys.values()),
    }
    happened = (*messages.happened, *summaries, *checkups, *measured, *results)
    return Told(happened, aliases, (merge,), numbers)


def _alias(
    person: TruePerson, keys: Iterable[str], authority: str, system: str, named: dict[str, str]
) -> list[Alias]:
    return [(authority, system, named[authority])] if person.key in keys else []
