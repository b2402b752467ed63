"""Who is in a document: the patient's numbers, and what must be hidden of the person and those around.

An id of patientRole is under its root. That under the source's own root (its option `mrn_root`, or the only root that
the document knows) is the source authority's patient number; every other one keeps its name space.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from connectors.ccda.stream import V3
from connectors.ccda.values import (
    SDTC,
    Id,
    attribute,
    ids_of,
    local_date,
    many,
    name_of,
    one,
    text_in,
    value_of,
)
from contracts.identity import Identity, encode_subject

KIND = "ccda"
NOT_PATIENTS = (
    "2.16.840.1.113883.4.1",  # social security numbers
    "2.16.840.1.113883.4.3",  # driving licences, by state
    "2.16.840.1.113883.4.330",  # passports, by country
    "2.16.840.1.113883.4.572",  # Medicare, HICN
    "2.16.840.1.113883.4.927",  # Medicare, MBI
)
"""Roots of numbers that are hidden, and join nobody: they are mistyped and shared too often."""

_PERSONS = frozenset({"relatedEntity", "relatedSubject", "associatedEntity", "guardian"})
"""Elements in which people around the patient stand."""
_ROLES = frozenset(
    {"AGNT", "CAREGIVER", "ECON", "CON", "GUARD", "NOK", "PRS", "QUAL", "POLHOLD", "COVPTY", "IND"}
)
"""Classes of participantRole that are people around the patient, or the patient as insured."""
_STREET = ("streetAddressLine", "streetName", "houseNumber", "additionalLocator", "unitID", "city", "county")
_SHORT = 5

Traits = dict[str, set[str]]


def identities_of(role: Element, authority: str, mrn_root: str) -> list[Identity]:
    """The identities of the patient, that under the source's authority first."""
    numbers = [found for found in ids_of(role) if not _is_other(found.root)]
    named = [found for found in numbers if found.extension]
    if mrn_root:
        mine = [found for found in named if found.root == mrn_root.lower()]
    else:
        mine = named if len({found.root for found in named}) == 1 else []
    found = [Identity(authority, n.extension, "", KIND) for n in mine]
    # in their own name space too: a document that knows two such roots states them there
    found += [Identity(authority, n.extension or n.root, _space(n), KIND) for n in [*mine, *numbers]]
    return list({identity.subject: identity for identity in found}.values())


def _space(found: Id) -> str:
    return f"{KIND}:{found.root if found.extension else ''}"


def _is_other(root: str) -> bool:
    return any(root == other or root.startswith(f"{other}.") for other in NOT_PATIENTS)


def subject_of(role: Element, authority: str, mrn_root: str) -> str | None:
    """The encoded identity of the patient; None without a number."""
    found = identities_of(role, authority, mrn_root)
    return encode_subject(authority, found[0].identifier, found[0].system) if found else None


def identify(role: Element, authority: str, mrn_root: str, traits: Traits) -> Identity | None:
    """The patient with aliases and traits; None without a number."""
    found = identities_of(role, authority, mrn_root)
    if not found:
        return None
    held = {kind: tuple(sorted(values)) for kind, values in sorted(traits.items()) if values}
    first, *others = found
    return Identity(first.authority, first.identifier, first.system, KIND, tuple(others), held)


def add_patient(traits: Traits, role: Element) -> None:
    """Traits of patientRole: ids, names, addresses, phones, birth, death, guardians."""
    _add(traits, "identifier", (i.extension or i.root for i in ids_of(role)))
    _add_reach(traits, role)
    patient = one(role, "patient")
    if patient is None:
        return
    for name in many(patient, "name"):
        _add(traits, "name", _names(name))
    _add(traits, "identifier", (i.extension for i in ids_of(patient)))
    _add(traits, "birth_date", [local_date(value_of(one(patient, "birthTime")))])
    _add(traits, "death_date", [local_date(value_of(patient.find(f"{SDTC}deceasedTime")))])
    for element in patient.iter(f"{V3}birthplace"):
        for address in element.iter(f"{V3}addr"):
            _add(traits, "address", _lines(address))
    for guardian in many(patient, "guardian"):
        add_person(traits, guardian)


def add_person(traits: Traits, element: Element) -> None:
    """Traits of somebody around the patient: names, addresses, phones, numbers."""
    for name in many(element, "name"):
        _add(traits, "contact", _names(name))
    _add_reach(traits, element)
    _add(traits, "identifier", (i.extension for i in ids_of(element) if len(i.extension) >= _SHORT))
    for child in element:
        if not name_of(child).endswith("Organization"):  # an insurer's name is no person's
            add_person(traits, child)


def add_anybody(traits: Traits, element: Element) -> None:
    """Traits of people around the patient in any part of a document: relatives, agents, policy holders."""
    for found in element.iter():
        name = name_of(found)
        if name in _PERSONS or (name == "participantRole" and found.get("classCode") in _ROLES):
            add_person(traits, found)


def add_encounter(traits: Traits, header: Iterable[Element]) -> None:
    """The numbers of the encounter that is documented."""
    for element in header:
        for found in ids_of(one(element, "encompassingEncounter")):
            _add(traits, "identifier", [found.extension] if len(found.extension) >= _SHORT else [])


def _add_reach(traits: Traits, element: Element) -> None:
    for address in many(element, "addr"):
        _add(traits, "address", _lines(address))
        _add(traits, "zip", [text_in(code) for code in many(address, "postalCode")])
    for point in many(element, "telecom"):
        kind, value = _point(attribute(point, "value"))
        _add(traits, kind, [value])


def _point(value: str) -> tuple[str, str]:
    scheme, _, rest = value.partition(":")
    if scheme.lower() == "mailto":
        return "email", rest
    return "phone", (rest if scheme.lower() in ("tel", "fax") else value)


def _names(name: Element) -> Iterable[str]:
    """The parts of a name; the whole where it is not structured."""
    parts = [text_in(part) for part in name if name_of(part) in ("given", "family")]
    yield from parts
    yield from (word for part in parts for word in part.split())
    if not parts:
        whole = text_in(name)
        yield whole
        yield from whole.replace(",", " ").split()


def _lines(address: Element) -> Iterable[str]:
    lines = [text_in(part) for part in address if name_of(part) in _STREET]
    return lines if len(address) else [text_in(address)]


def _add(traits: Traits, kind: str, values: Iterable[str]) -> None:
    kept = {value for value in values if value}
    if kept:
        traits.setdefault(kind, set()).update(kept)
