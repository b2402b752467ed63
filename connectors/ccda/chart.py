"""What is gathered of one document while it is read: whose it is, and the statements that it makes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from connectors.ccda.values import Id, attribute, best_id, code_in, first, ids_of, many, one
from connectors.hl7v2.chart import key_of
from connectors.hl7v2.values import Coded, instant, local_time
from contracts.keys import Key

SEPARATOR = "\x1f"
Row = dict[str, Any]
Told = tuple[str, Row]
STATES = frozenset(
    {"active", "completed", "aborted", "suspended", "held", "new", "normal", "cancelled", "obsolete"}
)
"""States of ActStatus that are carried over."""
RETRACTED = frozenset({"nullified"})
"""The state of what should never have been (entered in error)."""


@dataclass
class Unit:
    """What reading needs beside the document.

    Attributes:
        authority: the source's.
        zone: of times without an offset.
        mrn_root: the assigning authority (OID) whose numbers are the source's patient numbers; empty where not stated.
        stable: whether the ids of entries are the same in each document that restates them.
        key: ids and digests are keyed by it.
        count: how many statements were made, and other pieces told of, whatever becomes of them.
    """

    authority: str
    zone: str
    mrn_root: str
    stable: bool
    key: Key = field(repr=False)
    count: int = 0


class Chart:
    """One document as it is read.

    Attributes:
        subject: the encoded identity of the patient.
        document: what tells the document, with all its versions, apart.
        made: when it was made, local wall time; `made_at` in UTC.
        number: its version number.
        visit: the key of the encounter that it documents, or None; `visit_start` its begin, `visit_days` its days.
        author: the key of the person who wrote it, or None.
        custodian: the key of the organization that keeps it, or None.
        rows: statements made and not yet taken: (table, row).
    """

    def __init__(self, unit: Unit, subject: str) -> None:
        self.unit = unit
        self.subject = subject
        self.document = ""
        self.made: str | None = None
        self.made_at = ""
        self.number = 0
        self.visit: str | None = None
        self.visit_start: str | None = None
        self.visit_days = ("", "")
        self.author: str | None = None
        self.custodian: str | None = None
        self.rows: list[Told] = []
        self._count = 0
        self._named: dict[str, int] = {}
        self._seen: dict[int, int] = {}
        self._owners = unit.key.hasher("owner", 8)
        self._owners.update(f"{unit.authority}{SEPARATOR}ccda{SEPARATOR}".encode())
        self._digests = unit.key.hasher("record-digest", 8)

    def local(self, value: str) -> str | None:
        """A time as local wall time."""
        return local_time(value, self.unit.zone) if value else None

    def instant(self, value: str) -> str:
        """A time as UTC, for order alone."""
        return instant(value, self.unit.zone) if value else ""

    def scoped(self, *key: str) -> str:
        """A key under the authority: what id columns hold."""
        return SEPARATOR.join((self.unit.authority, *key))

    def owner(self, *thing: str) -> int:
        """The keyed id of a thing."""
        return _number(self._owners, SEPARATOR.join(thing))

    def next_record(self) -> int:
        """The number of the next statement."""
        self._count += 1
        self.unit.count += 1
        return self._count - 1

    def ignore(self, kind: str) -> None:
        """Count what states nothing."""
        self.rows.append(("ignored", {"_record": self.next_record(), "type": kind}))

    def thing_of(
        self, kind: str, element: Element, found: Coded, *content: str, ids: Sequence[Id] | None = None
    ) -> tuple[str, ...]:
        """What tells a statement's thing apart: the person and the entry's id, else what it says.

        Two entries of one document that share an id and are of different things (a copied id) stay two.
        """
        named = next(iter(ids_of(element) if ids is None else ids), None)
        if named is None or not self.unit.stable:
            return (kind, self.subject, "", key_of(found), *content)
        thing = (kind, self.subject, named.key)
        mark, code = self.owner(*thing), hash(key_of(found))
        return thing if self._seen.setdefault(mark, code) == code else (*thing, key_of(found))

    @property
    def document_version(self) -> str:
        """What orders the versions of the document: its version number first."""
        return f"{self.number:010d}|{self.made_at}"

    def version(self, rank: int) -> str:
        """What orders statements about a thing: rank of the kind, when the document was made, its version number.

        It ends in the document's owner, so that nothing stands of a version that another one replaced.
        """
        return f"{rank}|{self.made_at}|{self.number:010d}{SEPARATOR}{self.owner('document', self.document)}"

    def state(
        self,
        table: str,
        thing: Sequence[str],
        row: Row,
        *,
        rank: int = 1,
        version: str = "",
        retracted: bool = False,
    ) -> None:
        """Make a statement.

        Args:
            table: the source-shaped table.
            thing: what tells the thing apart under the authority: the statement's owner.
            row: the columns but for the reserved ones; absent ones are null.
            rank: of the place in the document, when statements about one thing are ordered.
            version: in place of the one that the document gives.
            retracted: the thing is taken back: a deletion instead of a row.
        """
        content = "" if retracted else repr({**row, "updated": None})
        text = SEPARATOR.join((table, *thing, content))
        own: Row = {
            "_record": self.next_record(),
            "_owner": self.owner(*thing),
            "_version": version or self.version(rank),
            "_digest": _number(self._digests, text),
        }
        if retracted:
            self.rows.append(("deleted", {**own, "record_type": table.partition(".")[2]}))
        else:
            self.rows.append((table, row | own))

    def about(
        self, thing: Sequence[str], start: str | None, provider: str | None = None, visit: str | None = None
    ) -> Row:
        """The columns that every statement about care has.

        The documented encounter is the visit of what began in its days; a summary holds much that did not.
        """
        first, last = self.visit_days
        within = bool(start and first and first <= start[:10] <= last)
        return {
            "id": self.scoped(*thing),
            "subject": self.subject,
            "visit": visit or (self.visit if within else None),
            "provider": provider,
        }

    def provider_of(self, element: Element) -> str | None:
        """Who did or wrote it: performer, else author, with an id. Names are never read."""
        for role, entity in (("performer", "assignedEntity"), ("author", "assignedAuthor")):
            for person in many(element, role):
                found = self.name_provider(one(person, entity))
                if found:
                    return found
        return None

    def name_provider(self, entity: Element | None) -> str | None:
        """The key of an assigned person; the first mention, and one that tells more, make statements of their own."""
        named = best_id(ids_of(entity))
        if entity is None or named is None or one(entity, "assignedAuthoringDevice") is not None:
            return None
        key = self.scoped(named.key)
        specialty = code_in(one(entity, "code"))
        if self._tells_more(key, rank := int(specialty is not None)):
            row: Row = {"id": key, "provider": key, "specialty": specialty}
            row["organization"] = self.name_place(one(entity, "representedOrganization"))
            self.state("ccda.provider", ("provider", named.key), row, rank=rank)
        return key

    def _tells_more(self, key: str, rank: int) -> bool:
        """Whether somebody or some place has not been told of yet, or not as well."""
        if self._named.get(key, -1) >= rank:
            return False
        self._named[key] = rank
        return True

    def name_place(self, organization: Element | None, kind: Element | None = None) -> str | None:
        """The key of an organization or facility; the first mention, and one that tells more, make statements."""
        from connectors.fhir.states import state_code

        named = best_id(ids_of(organization))
        if organization is None or named is None:
            return None
        key = self.scoped("place", named.key)
        where = first(one(organization, "addr"), one(organization, "location", "addr"))
        if self._tells_more(key, rank := int(where is not None)):
            row: Row = {"id": key, "place": key, "kind_code": code_in(kind)}
            row["kind_display"] = attribute(kind, "displayName") or None if row["kind_code"] else None
            row["state"] = state_code(_text(one(where, "state")))
            row["zip"] = _text(one(where, "postalCode"))
            self.state("ccda.place", ("place", named.key), row, rank=rank)
        return key


def _text(element: Element | None) -> str | None:
    return (element.text or "").strip() or None if element is not None else None


def _number(state: hashlib.blake2b, text: str) -> int:
    made = state.copy()
    made.update(text.encode("utf-8", "surrogatepass"))
    return int.from_bytes(made.digest(), "big") >> 1 or 1


def status_of(element: Element) -> str | None:
    """The state of a statement, where it is one of ActStatus."""
    found = attribute(one(element, "statusCode"), "code")
    return found if found in STATES else None


def is_retracted(element: Element) -> bool:
    """Whether the statement is taken back: it should never have been made."""
    return attribute(one(element, "statusCode"), "code") in RETRACTED
