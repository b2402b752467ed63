"""Who is in a message: the patient's numbers, what must be hidden of the person, and what merges say.

An identifier of PID-3 is under its assigning authority (CX-4). That of type MR is the source authority's patient number
where CX-4 is the authority that the source's option `mrn_authority` names (without it: has the name of the source's own
authority), or is left out; every other one keeps its name space.

That two numbers are one person's is a statement about this pair, of which the newest holds: messages restate it, A37
and A43 take it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from connectors.accessions import AccessionRules
from connectors.hl7v2.message import Components, Message, Segment, part
from connectors.hl7v2.values import instant
from contracts.identity import Identity, encode_subject

KIND = "hl7v2"
MERGES = frozenset({"A18", "A24", "A30", "A34", "A35", "A36", "A39", "A40", "A41", "A42", "A46", "A47"})
"""ADT events that say that two numbers are one person's."""
PARTINGS = frozenset({"A37", "A43"})
"""ADT events that say that they are not: an unlinking, and a move of numbers from one person to another."""

_NUMBERS = frozenset({"MR", "PI", "PT", "MRN", ""})
"""Types of identifiers (table 0203) that name a patient; the others are hidden, but join nobody."""
_ORDER_NUMBER = 5
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Scope:
    """Whose numbers are whose.

    Attributes:
        authority: the source's.
        own: the name under which messages know it, as `mrn_authority` says; empty where it is not told.
        zone: the source's time zone.
        accessions: how the source writes accession numbers.
    """

    authority: str
    own: str = ""
    zone: str = "UTC"
    accessions: AccessionRules = field(default_factory=AccessionRules)

    def is_own(self, namespace: str) -> bool:
        """Whether an assigning authority is the source's; one that is left out is taken for it."""
        if not namespace or namespace == self.own:
            return True
        return not self.own and namespace.casefold() == self.authority.casefold()


@dataclass(frozen=True)
class Number:
    """A patient number under its assigning authority."""

    value: str = field(repr=False)
    namespace: str = field(repr=False)
    kind: str


@dataclass
class _Person:
    """Whom a PID speaks of: the numbers, and those that a merge says to be the same person's."""

    numbers: list[Number]
    merged: list[Number] = field(default_factory=list)
    traits: dict[str, set[str]] = field(default_factory=dict)


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


def identities_of(numbers: list[Number], scope: Scope) -> list[Identity]:
    """One identity for each number of a person, the source's own patient numbers first.

    One of those that states its authority has the same number in that one's name space as alias.
    """
    records = [n for n in numbers if n.kind in ("MR", "MRN")] or [n for n in numbers if not n.kind]
    mine = [n for n in records if scope.is_own(n.namespace)]
    found: dict[str, Identity] = {}
    for number in [*mine, *(n for n in numbers if n not in mine)]:
        spaced = Identity(scope.authority, number.value, f"{KIND}:{number.namespace}", KIND)
        if number in mine:
            aliases = (spaced,) if number.namespace else ()
            spaced = Identity(scope.authority, number.value, "", KIND, aliases)
        found.setdefault(spaced.subject, spaced)
    return list(found.values())


def subject_of(segment: Segment, scope: Scope) -> str | None:
    """The encoded identity of a PID's person; None where it has no number."""
    found = identities_of(numbers_of(segment, 3, 2), scope)
    return encode_subject(scope.authority, found[0].identifier, found[0].system) if found else None


def find_identities(message: Message, scope: Scope) -> Iterator[Identity]:
    """Everyone whom a message speaks of, one identity for each number, with traits; then the pairs that it joins or
    parts, each with a `record`."""
    trigger = message.header.value(9, 2) if message.header.value(9) == "ADT" else ""
    people, recorded = _people(message, trigger), ""
    for segment in message.named(("EVN",)):
        recorded = instant(segment.value(2), scope.zone)
    sent = instant(message.header.value(7), scope.zone) or recorded
    pairs: dict[tuple[str, str], Identity] = {}
    for person in people:
        held = {kind: tuple(sorted(values)) for kind, values in sorted(person.traits.items())}
        known = identities_of(person.numbers, scope)
        others = identities_of(person.merged, scope)
        for identity in known:
            yield replace(identity, traits=held)
        yield from others
        for other in [*known, *others]:
            _pair(pairs, known[0] if known else other, other)
    if trigger == "A24" and len(people) == 2:
        first, second = (identities_of(person.numbers, scope)[:1] for person in people)
        for one, other in product(first, second):
            _pair(pairs, one, other)
    for one, other in partings(message, scope):
        _pair(pairs, one, other, retracted=True)
    for identity in pairs.values():
        yield replace(identity, version=f"{sent}|{recorded}")


def _people(message: Message, trigger: str) -> list[_Person]:
    people: list[_Person] = []
    for segment in message.named(_NAMES):
        if segment.name == "PID":
            people.append(_Person(numbers_of(segment, 3, 2)))
        if not people:
            continue
        person = people[-1]
        if segment.name == "MRG" and trigger in MERGES:
            person.merged += numbers_of(segment, 1, 4)
        for kind, values in _traits(segment):
            kept = {value for value in values if value}
            if kept:
                person.traits.setdefault(kind, set()).update(kept)
    return people


def _pair(
    pairs: dict[tuple[str, str], Identity], one: Identity, other: Identity, *, retracted: bool = False
) -> None:
    """State of two numbers that they are one person's, or that they are not, which outweighs the first."""
    a, b = sorted((one, other), key=lambda identity: identity.subject)
    if a.subject == b.subject:
        return
    a, b = replace(a, aliases=(), traits={}), replace(b, aliases=(), traits={})
    record = _SEPARATOR.join((KIND, a.subject, b.subject))
    if retracted:
        pairs[a.subject, b.subject] = replace(a, record=record, retracted=True)
    else:
        pairs.setdefault((a.subject, b.subject), replace(a, aliases=(b,), record=record))


def partings(message: Message, scope: Scope) -> list[tuple[Identity, Identity]]:
    """The pairs of numbers that a message says not to be one person's; none where it does not name both sides.

    A37 names two persons in two PID. A43 names the numbers that are moved in PID-3 and MRG-1 both, the person to whom
    they belong beside them in PID, and the one to whom they do not in MRG; where the two have no number in common, they
    name two persons (HL7 v2.9, 3.3.43).
    """
    trigger = message.header.value(9, 2) if message.header.value(9) == "ADT" else ""
    if trigger not in PARTINGS:
        return []
    sides: list[list[Number]] = []
    found: list[tuple[list[Number], list[Number]]] = []
    for segment in message.named(("PID", "MRG")):
        if segment.name == "PID":
            sides.append(_all_numbers(segment, 3, 2))
        elif trigger == "A43" and sides:
            found.append(_moved(sides[-1], _all_numbers(segment, 1, 4)))
    if trigger == "A37" and len(sides) == 2:
        found.append((sides[0], sides[1]))
    return [pair for left, right in found for pair in product(_forms(left, scope), _forms(right, scope))]


def _moved(right: list[Number], wrong: list[Number]) -> tuple[list[Number], list[Number]]:
    """Of the numbers in PID and MRG: those that are moved, and those of the person that they were with."""
    named = {(number.value, number.namespace) for number in wrong}
    moved = [number for number in right if (number.value, number.namespace) in named]
    kept = {(number.value, number.namespace) for number in moved}
    return moved or right, [number for number in wrong if (number.value, number.namespace) not in kept]


def _all_numbers(segment: Segment, *fields: int) -> list[Number]:
    return [number for one in fields for number in numbers_of(segment, one)]


def _forms(numbers: list[Number], scope: Scope) -> list[Identity]:
    """Every identity by which messages may have meant these numbers."""
    found = [Identity(scope.authority, n.value, f"{KIND}:{n.namespace}", KIND) for n in numbers]
    own = [n for n in numbers if scope.is_own(n.namespace)]
    return found + [Identity(scope.authority, n.value, "", KIND) for n in own]


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
