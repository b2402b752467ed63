"""What is gathered of one message while its segments are read: whose it is, and the statements that it makes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.accessions import plausible
from connectors.hl7v2.identities import Scope, subject_of
from connectors.hl7v2.message import Message, Segment
from connectors.hl7v2.values import Coded, code_of, instant, local_time, person_in_charge, with_time
from contracts.keys import Key

SEPARATOR = "\x1f"
Row = dict[str, Any]

_TYPE = re.compile(r"[A-Z]{3}")
_TRIGGER = re.compile(r"[A-Z][A-Z0-9]\d")


@dataclass
class Unit:
    """What reading needs beside the messages, and what a unit remembers from one message to the next.

    `count` is how many statements were made, whatever becomes of them.
    """

    scope: Scope
    key: Key = field(repr=False)
    providers: set[str] = field(default_factory=set, repr=False)
    count: int = 0

    def __post_init__(self) -> None:
        self._owner = self.key.hasher("owner", 8)
        self._owner.update(f"{self.scope.authority}{SEPARATOR}hl7v2{SEPARATOR}".encode())
        self._digest = self.key.hasher("record-digest", 8)

    def owner(self, text: str) -> int:
        """The keyed id of a thing."""
        return _number(self._owner, text)

    def digest(self, text: str) -> int:
        """The keyed digest of a statement."""
        return _number(self._digest, text)


def _number(state: hashlib.blake2b, text: str) -> int:
    one = state.copy()
    one.update(text.encode("utf-8", "surrogatepass"))
    return int.from_bytes(one.digest(), "big") >> 1 or 1


class Chart:
    """One message as it is read.

    Attributes:
        kind: type and trigger, `ADT_A01`; empty where MSH-9 is none.
        facility: who sends it, by MSH-4.
        subject: the encoded identity of the patient whose segments are being read.
        visit: the visit's key under the authority, or None.
        order, request: the ORC and OBR that are in force.
        rows: statements made and not yet taken: (table, row).
    """

    def __init__(self, message: Message, unit: Unit) -> None:
        header = message.header
        self.unit = unit
        self.kind = _kind_of(header)
        self.facility = header.value(4) or header.value(4, 2)
        self.sent_local = self.local(header.value(7))
        self.sent = self.instant(header.value(7))
        self.recorded = ""
        self.occurred: str | None = None
        self.subject: str | None = None
        self.visit: str | None = None
        self.visit_start: str | None = None
        self.order: Segment | None = None
        self.request: Segment | None = None
        self.rows: list[tuple[str, Row]] = []

    @property
    def type(self) -> str:
        """The message's type, `ADT`."""
        return self.kind[:3]

    @property
    def trigger(self) -> str:
        """The event that triggered it, `A01`."""
        return self.kind[4:]

    @property
    def event_time(self) -> str | None:
        """When what the message tells happened: EVN-6, else EVN-2, else when it was sent."""
        return self.occurred or self.sent_local

    @property
    def care_time(self) -> str | None:
        """When the care began that the message tells of; it does not move from one message to the next."""
        return self.visit_start or self.event_time

    def local(self, value: str) -> str | None:
        """A time as local wall time."""
        return local_time(value, self.unit.scope.zone) if value else None

    def instant(self, value: str) -> str:
        """A time as UTC, for order alone."""
        return instant(value, self.unit.scope.zone) if value else ""

    def begin(self, segment: Segment) -> None:
        """EVN: when the event was recorded and when it happened."""
        self.recorded = self.instant(segment.value(2))
        self.occurred = self.local(segment.value(6)) or self.local(segment.value(2))

    def turn_to(self, segment: Segment) -> None:
        """PID: what follows is about this person."""
        self.subject = subject_of(segment, self.unit.scope)
        self.visit = self.visit_start = None
        self.order = self.request = None

    def person_in_charge(self, segment: Segment, *fields: int) -> str | None:
        """The first of these XCN that has an id; one that this unit has not named yet makes a statement of its own."""
        found = person_in_charge(segment, *fields)
        if found is None:
            return None
        namespace, number, field = found
        person = self.under(namespace, number)
        key = self._scoped(person)
        if person not in self.unit.providers:
            self.unit.providers.add(person)
            row: Row = {"id": key, "provider": key}
            # a field's number is less than its place, so that this lies within the segment
            self.state("hl7v2.provider", segment, ("provider", person), row, place=2 + field)
        return key

    def under(self, namespace: str, number: str) -> str:
        """A number (of a visit, an order, a document, a practitioner) under who assigned it: the authority that is
        stated with it, else the facility that sends (MSH-4), else the source's own."""
        stated = namespace or self.facility
        return f"{'' if self.unit.scope.is_own(stated) else stated}|{number}"

    def _scoped(self, key: str) -> str:
        return f"{self.unit.scope.authority}{SEPARATOR}{key}"

    def version(self, rank: int, *more: str) -> str:
        """What orders statements: the rank of the kind of message, its time, the event's, and `more`."""
        return "|".join((str(rank), self.sent or self.recorded, self.recorded, *more))

    def state(
        self,
        table: str,
        segment: Segment,
        thing: Sequence[str],
        row: Row,
        *,
        rank: int = 1,
        order: Sequence[str] = (),
        place: int = 0,
        retracted: bool = False,
    ) -> None:
        """Make a statement.

        Args:
            table: the source-shaped table.
            segment: where it begins.
            thing: what tells the thing apart under the authority: the statement's owner.
            row: the columns but for the reserved ones; absent ones are null.
            rank: of the kind of message, when statements about one thing are ordered.
            order: what orders statements of one message's time, such as a status.
            place: tells statements that begin in the same segment apart.
            retracted: the thing is taken back: a deletion instead of a row.
        """
        self.unit.count += 1
        key = SEPARATOR.join(thing)
        # the message's own time is no content: the same result sent twice is unchanged
        content = repr({**row, "updated": None})
        own = {
            "_record": segment.offset + place,
            "_owner": self.unit.owner(key),
            "_version": self.version(rank, *order),
            "_digest": self.unit.digest(f"{table}{SEPARATOR}{key}{SEPARATOR}{'' if retracted else content}"),
        }
        if retracted:
            self.rows.append(("deleted", {**own, "record_type": table.partition(".")[2]}))
        else:
            self.rows.append((table, row | own))

    def about(self, *thing: str, provider: str | None = None) -> Row:
        """The columns that every statement about care has."""
        return {
            "id": self._scoped(SEPARATOR.join(thing)),
            "subject": self.subject,
            "visit": self._scoped(self.visit) if self.visit else None,
            "provider": provider,
        }

    def order_number(self, *, placer: bool = False) -> str:
        """The order's number and its name space: the filler's of OBR-3 or ORC-3, else the placer's, or first that."""
        for number in (2, 3) if placer else (3, 2):
            for segment in (self.request, self.order):
                found = segment.value(number) if segment else ""
                if segment and _is_order_number(found):
                    namespace = segment.value(number, 2) or segment.value(number, 3)
                    return f"{number}|{self.under(namespace, found)}"
        return ""

    def accessions(self, document: Segment | None = None) -> Row:
        """The numbers by which an image may know the order in force: systems differ in which one its accession number
        is (HL7 v2.9, 4.5.3: OBR-18 to 20 are theirs to define; IHE RAD TF-2, 4.4). Nothing where there is none.

        Args:
            document: the TXA of a document, which may name an order itself.
        """
        places = [(self.request, field) for field in (18, 19, 20, 3, 2)]
        places += [(self.order, field) for field in (3, 2)] + [(document, field) for field in (15, 14)]
        stated = [plausible(segment.value(field)) for segment, field in places if segment is not None]
        numbers = [n for n in dict.fromkeys(stated) if len(n) > 2 and n != "9999"]
        rules = self.unit.scope.accessions
        by = (rules.authority or self.unit.scope.authority) + SEPARATOR
        if not numbers:
            return {}
        normals = dict.fromkeys(by + rules.normal(number) for number in numbers)
        return {"accessions": [by + number for number in numbers], "accession_normals": list(normals)}


def moment(name: str, value: str | None) -> Row:
    """The two columns of a moment."""
    return {f"{name}_date": value, f"{name}_datetime": with_time(value)}


def coding(found: Coded, prefix: str = "") -> Row:
    """The columns of a coded element."""
    words = None if found.code else found.text
    return {
        f"{prefix}system": found.system if found.code else None,
        f"{prefix}code": found.code,
        f"{prefix}display": found.display if found.code else None,
        f"{prefix}text": words,
    }


def _is_order_number(value: str) -> bool:
    """Whether it tells an order apart: `9999` stands for none (CDC's immunisation guide, 4.5), and so may a counter."""
    return len(value) > 2 and value != "9999" and code_of(value) is not None


def key_of(found: Coded) -> str:
    """What tells a coded element apart."""
    return f"{found.system or ''}|{found.code or found.text or ''}"


def _kind_of(header: Segment) -> str:
    kind, trigger = header.value(9), header.value(9, 2)
    if not _TYPE.fullmatch(kind):
        return ""
    if not _TRIGGER.fullmatch(trigger):
        trigger = header.value(9, 3)[4:7]  # the structure tells, where the trigger is left out
    return f"{kind}_{trigger}" if _TRIGGER.fullmatch(trigger) else kind
