"""Who is in a message: the patient's numbers, what must be hidden of the person, and what merges say.

An identifier of PID-3 is under its assigning authority (CX-4). That of type MR is the source authority's patient number
where the message knows one such authority, or where the source's option `mrn_authority` names it; every other one keeps
its name space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connectors.hl7v2.message import Components, Message, Segment, part
from contracts.identity import Identity, encode_subject

KIND = "hl7v2"
MERGES = frozenset({"A18", "A24", "A30", "A34", "A35", "A36", "A39", "A40", "A41", "A42", "A46", "A47"})
"""ADT events that say that two numbers are one person's. A37 and A43 take such a statement back: they stay whole, as
unmapped, since only a crosswalk can part persons."""

_NUMBERS = frozenset({"MR", "PI", "PT", "MRN", ""})
"""Types of identifiers (table 0203) that name a patient; the others are hidden, but join nobody."""
_ORDER_NUMBER = 5
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")


@dataclass(frozen=True)
class Number:
    """A patient number under its assigning authority."""

    value: str = field(repr=False)
    namespace: str = field(repr=False)
    kind: str


def numbers_of(segment: Segment, *fields: int) -> list[Number]:
    """The patient numbers in the first of these CX fields that has any."""
    for one in fields:
        found = [_number(repetition) for repetition in segment.repetitions(one)]
        kept = [number for number in found if number.value and number.kind in _NUMBERS]
        if kept:
            return kept
    return []


def _number(repetition: Components) -> Number:
    namespace = part(repetition, 4) or part(repetition, 4, 2)
    return Number(part(repetition, 1), namespace, part(repetition, 5).upper())


def identities_of(numbers: list[Number], authority: str, own: str) -> list[Identity]:
    """The identities of one person, that under the source's authority first.

    Args:
        numbers: all of the person.
        authority: the source's.
        own: the assigning authority whose MR numbers are the source's; empty where it is not stated.
    """
    records = [n for n in numbers if n.kind in ("MR", "MRN")] or [n for n in numbers if not n.kind]
    if own:
        mine = [n for n in records if n.namespace == own]
    else:
        mine = records if len({n.namespace for n in records}) == 1 else []
    others = [n for n in numbers if n not in mine]
    found = [Identity(authority, n.value, "", KIND) for n in mine]
    # in their own name space too: a message that knows two such authorities states them there
    spaced = [n for n in mine if n.namespace] + others
    found += [Identity(authority, n.value, f"{KIND}:{n.namespace}", KIND) for n in spaced]
    return list({identity.subject: identity for identity in found}.values())


def subject_of(segment: Segment, authority: str, own: str) -> str | None:
    """The encoded identity of a PID's person; None where it has no number."""
    found = identities_of(numbers_of(segment, 3, 2), authority, own)
    return encode_subject(authority, found[0].identifier, found[0].system) if found else None


def find_identities(message: Message, authority: str, own: str) -> Iterator[Identity]:
    """Everyone whom a message speaks of, one identity for each PID, with aliases and traits."""
    merges = message.header.value(9) == "ADT" and message.header.value(9, 2) in MERGES
    people: list[tuple[list[Identity], dict[str, set[str]]]] = []
    for segment in message.named(_NAMES):
        if segment.name == "PID":
            people.append((identities_of(numbers_of(segment, 3, 2), authority, own), {}))
        if not people:
            continue
        known, traits = people[-1]
        if segment.name == "MRG" and merges:
            known += identities_of(numbers_of(segment, 1, 4), authority, own)
        for kind, values in _traits(segment):
            kept = {value for value in values if value}
            if kept:
                traits.setdefault(kind, set()).update(kept)
    if merges and message.header.value(9, 2) == "A24" and len(people) == 2:
        people[0][0].extend(people[1][0][:1])
    for known, traits in people:
        if known:
            first, *others = {identity.subject: identity for identity in known}.values()
            held = {kind: tuple(sorted(values)) for kind, values in sorted(traits.items())}
            yield Identity(first.authority, first.identifier, first.system, KIND, tuple(others), held)


def _traits(segment: Segment) -> Iterator[tuple[str, Iterable[str]]]:
    """What a segment tells by which a person could be recognised in text, by kind of trait."""
    for kind, fields, read in _FIELDS.get(segment.name, ()):
        for number in fields:
            for repetition in segment.repetitions(number):
                yield kind, read(repetition)
    if segment.name == "PID":
        yield "birth_date", [_day(segment.value(7))]
        yield "death_date", [_day(segment.value(29))]
        yield "zip", [part(r, 5) for r in segment.repetitions(11)]
    elif segment.name in ("OBR", "ORC"):
        yield "identifier", [v for v in (segment.value(2), segment.value(3)) if len(v) >= _ORDER_NUMBER]


def _names(name: Components) -> list[str]:
    """XPN: family name (and the parts of a double one), given names; with the names of a PN as in v2.2."""
    found = [sub.strip() for sub in (name[0] if name else ())]
    return [*found, part(name, 2), *part(name, 3).split(), part(name, 10)]


def _address(place: Components) -> list[str]:
    """XAD: street, other designation, city, county; never the state alone."""
    street = [sub.strip() for sub in (place[0] if place else ())]
    return [*street, part(place, 2), part(place, 3), part(place, 9)]


def _phones(point: Components) -> list[str]:
    """XTN: the number as text, and of its parts."""
    local = part(point, 7)
    whole = f"{part(point, 6)}{local}" if local else ""
    return [part(point, 1), whole, part(point, 12)]


def _mails(point: Components) -> list[str]:
    return [part(point, 4)]


def _plain(value: Components) -> list[str]:
    return [part(value, 1)]


def _day(value: str) -> str:
    found = _DATE.match(value)
    return "-".join(found.groups()) if found else ""


_FIELDS = {
    "PID": (
        ("name", (5, 6, 9), _names),
        ("identifier", (2, 3, 4, 18, 19, 20, 21), _plain),
        ("address", (11, 12, 23), _address),
        ("phone", (13, 14, 40), _phones),
        ("email", (13, 14, 40), _mails),
    ),
    "PD1": (("identifier", (14,), _plain),),
    "MRG": (("identifier", (1, 2, 3, 4, 5, 6), _plain), ("name", (7,), _names)),
    "PV1": (("identifier", (5, 19, 50), _plain),),
    "NK1": (
        ("contact", (2, 30, 26), _names),
        ("address", (4, 32), _address),
        ("phone", (5, 6, 31, 40, 41), _phones),
        ("email", (5, 6, 31), _mails),
        ("identifier", (12, 33, 37), _plain),
    ),
    "GT1": (
        ("contact", (3, 4, 42), _names),
        ("address", (5,), _address),
        ("phone", (6, 7, 18), _phones),
        ("identifier", (2, 12, 19), _plain),
    ),
    "IN1": (
        ("contact", (16,), _names),
        ("address", (19,), _address),
        ("identifier", (36, 49), _plain),
    ),
    "IN2": (("identifier", (1, 2, 6, 8, 61), _plain), ("contact", (22, 40), _names)),
    "ACC": (("address", (3,), _plain),),
}
"""By segment: kind of trait, fields, how a repetition is read."""

_NAMES = (*_FIELDS, "OBR", "ORC")
