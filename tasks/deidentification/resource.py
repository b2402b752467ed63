"""FHIR resources without a table of their own: what stays is what `fhir_allow.csv` names, each with its
reason.

Everything else is dropped: narrative, names, telecom, addresses, positions, identifiers, displays of
references, annotations, attachments, serial numbers, unlisted extensions. Dates keep their precision and follow the
row's person and the profile; moments lose their zone, after those in UTC were brought to the source's. References
become keyed ids; a reference to a person whom the vault doesn't know is dropped. A resource of nobody keeps no text,
and a display only beside a code and a system's URL.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from contracts.errors import Fatal
from contracts.identity import Person, encode_subject
from contracts.keys import Key
from contracts.privacy import Profile
from tasks.deidentification.age_values import group_resource_ages
from tasks.deidentification.dates import shift_text
from tasks.deidentification.keyed import surrogate_id
from tasks.deidentification.text import Scrubber

Json = dict[str, Any]
Rules = Mapping[str, Mapping[str, str]]

_CODE = re.compile(r"[^\s@]{1,64}")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_LITERAL = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([^/?#|]+)(?:/_history/[^/]*)?$")
_CONDITIONAL = re.compile(r"^([A-Z][A-Za-z]+)\?identifier=(.+)$")
_IDENTIFIED = {
    "practitioner": "Practitioner",
    "organization": "Organization",
    "managingOrganization": "Organization",
    "serviceProvider": "Organization",
    "location": "Location",
}
"""The type that a reference by identifier alone points to, by the element that holds it."""
_UTC = re.compile(r"T.*(?:Z|[+-]00:?00)$")
_DEPTH = 24
_UNIT_LENGTH = 32


@lru_cache(maxsize=1)
def allowed() -> Rules:
    """The allow-list: by type, element -> action.

    Raises:
        Fatal: two rows for one element, or an action that is neither known nor a type of the list.
    """
    text = (files(__package__) / "fhir_allow.csv").read_text(encoding="utf-8")
    table: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        for element in row["elements"].split():
            if table.setdefault(row["type"], {}).setdefault(element, row["action"]) != row["action"]:
                raise Fatal("two actions for one element", f"fhir_allow.csv: {row['type']}.{element}")
    unknown = {
        a for elements in table.values() for a in elements.values() if a not in _ACTIONS and a not in table
    }
    if unknown:
        raise Fatal(
            "an unknown action", "fhir_allow.csv", f"one of {', '.join(sorted(_ACTIONS))}, or a listed type"
        )
    return table


_ACTIONS = frozenset(
    {"code", "flag", "number", "date", "id", "reference", "text", "public", "display", "own", "unit", "age"}
    | {"concept-text", "extension", "contained"}
)


class ResourceCleaner:
    """Cleans resources of one source.

    Args:
        key: ids are keyed by it.
        profile: what may remain of dates and ages.
        people: the persons of the unit, by encoded identity.
        today: the day by which ages are told.
        authority: the source's assigning authority: references are ids under it.
        scrubber: for the few elements of free text.
        zone: the source's time zone: what is told in UTC is brought to it, as in columns.
    """

    def __init__(
        self,
        key: Key,
        profile: Profile,
        people: Mapping[str, Person],
        today: date,
        authority: str,
        scrubber: Scrubber,
        zone: str = "UTC",
    ) -> None:
        self._zone = ZoneInfo(zone) if zone != "UTC" else None
        self._key = key
        self._years_only = profile is Profile.SAFE_HARBOR
        self._people = people
        self._today = today
        self._authority = authority
        self._scrubber = scrubber
        self._rules = allowed()
        self._scalars: Mapping[str, Callable[[Any, Person | None, str], Any]] = {
            "code": self._code,
            "flag": lambda value, person, name: value if isinstance(value, bool) else None,
            "number": lambda value, person, name: value if _is_number(value) else None,
            "date": self._date,
            "text": self._text,
            "reference": self._reference,
            "public": self._public,
            "unit": self._unit,
            "age": self._age,
        }

    def clean(self, resource: Json, person: Person | None) -> Json:
        """The resource with what the allow-list names.

        Args:
            resource: parsed JSON of one resource; it is not changed.
            person: whose resource it is; None for a resource of nobody, such as an Organization.
        """
        kind = resource.get("resourceType")
        rules = dict(self._rules["*"])
        if isinstance(kind, str) and _TYPE.fullmatch(kind):
            rules |= self._rules.get(kind, {})
        kept = self._walk(resource, rules, person, "resource", 0)
        return group_resource_ages(kept) if self._years_only else kept

    def _walk(
        self, node: Json, rules: Mapping[str, str], person: Person | None, within: str, depth: int
    ) -> Json:
        kept: Json = {}
        if depth > _DEPTH:
            return kept
        for name, value in node.items():
            action = rules.get(name)
            if action is None:
                continue
            if isinstance(value, list):
                found = [self._one(v, action, name, node, person, within, depth) for v in value]
                cleaned: Any = [v for v in found if v is not None]
            else:
                cleaned = self._one(value, action, name, node, person, within, depth)
            if cleaned is not None and cleaned != []:
                kept[name] = cleaned
        return kept

    def _one(
        self, value: Any, action: str, name: str, node: Json, person: Person | None, within: str, depth: int
    ) -> Any:
        """One value under its action; None where nothing of it may stay."""
        scalar = self._scalars.get(action)
        if scalar:
            return scalar(value, person, name)
        if action == "own":
            return value if isinstance(value, str) and _TYPE.fullmatch(value) else None
        if action == "id":
            return self._own_id(value, node, within) if isinstance(value, str) else None
        if action == "display":
            return self._display(value, node, person)
        if action == "concept-text":
            return self._concept_text(value, node, person)
        if not isinstance(value, dict):
            return None
        if action == "contained":
            rules = {**self._rules["*"], **self._rules.get(str(value.get("resourceType")), {})}
            return self._walk(value, rules, person, "contained", depth + 1) or None
        if action == "extension":
            return self._extension(value, person, depth)
        return self._walk(value, self._rules[action], person, within, depth + 1) or None

    def _own_id(self, value: str, node: Json, within: str) -> str | None:
        kind = str(node.get("resourceType"))
        if within == "contained":
            return surrogate_id(self._key, "contained", value)
        if kind == "Patient":
            person = self._people.get(encode_subject(self._authority, value, "fhir"))
            return str(person.person_id) if person else None
        return self._keyed(kind, value)

    def _keyed(self, kind: str, value: str) -> str:
        """As the id columns of the same source: the authority is part of the value."""
        return surrogate_id(self._key, kind, f"{self._authority}\x1f{value}")

    def _extension(self, value: Json, person: Person | None, depth: int) -> Json | None:
        url = value.get("url")
        rule = self._rules["extension"].get(url) if isinstance(url, str) else None
        inner = self._walk(value, self._rules[rule], person, "extension", depth + 1) if rule else {}
        return {"url": url, **inner} if inner else None

    def _code(self, value: Any, person: Person | None, name: str) -> str | None:
        if not isinstance(value, str) or not _CODE.fullmatch(value):
            return None
        # A code may be a local one, and a local one may be a number of the person.
        return value if self._scrubber.holds_no_trait(value, person) else None

    def _date(self, value: Any, person: Person | None, name: str) -> str | None:
        if not isinstance(value, str):
            return None
        if self._zone and _UTC.search(value):
            value = _in_zone(value, self._zone)
        return shift_text(value, person, years_only=self._years_only, today=self._today)

    def _text(self, value: Any, person: Person | None, name: str) -> str | None:
        if person is None:  # nobody's names are known, so none could be found in it
            return None
        return self._scrubber.scrub(value, person) if isinstance(value, str) and value.strip() else None

    def _unit(self, value: Any, person: Person | None, name: str) -> str | None:
        return self._scrubber.scrub(value, person) if _is_short(value) and value.strip() else None

    def _age(self, value: Any, person: Person | None, name: str) -> Any:
        return value if _is_number(value) else None  # over 89 it is grouped at the end, by its unit

    def _is_public(self, system: Any) -> bool:
        if not isinstance(system, str) or re.search(r"[\s@?#]", system):
            return False
        known = self._rules["public"]
        return system in known or any(k.endswith("*") and system.startswith(k[:-1]) for k in known)

    def _public(self, value: Any, person: Person | None, name: str) -> str | None:
        if self._is_public(value):
            return str(value)
        return f"urn:local:{self._keyed('system', value)}" if isinstance(value, str) and value else None

    def _display(self, value: Any, node: Json, person: Person | None) -> str | None:
        if (
            self._is_public(node.get("system"))
            and isinstance(node.get("code"), str)
            and isinstance(value, str)
        ):
            return value if self._scrubber.holds_no_trait(value, person, ordinary=False) else None
        if person is None and isinstance(node.get("code"), str) and _is_url(node.get("system")):
            return self._scrubber.scrub(value, None) if isinstance(value, str) and value.strip() else None
        return self._text(value, person, "display")

    def _concept_text(self, value: Any, node: Json, person: Person | None) -> str | None:
        codings = node.get("coding")
        for coding in codings if isinstance(codings, list) else []:
            if person and isinstance(coding, dict) and coding.get("display") == value:
                return self._display(value, coding, person)
        return self._text(value, person, "text")

    def _reference(self, value: Any, person: Person | None, name: str) -> Json | None:
        if not isinstance(value, dict):
            return None
        target = value.get("reference")
        found = self._target(target) if isinstance(target, str) else self._identified(value, name)
        return {"reference": found} if found else None

    def _target(self, reference: str) -> str | None:
        if reference.startswith("#"):
            return f"#{surrogate_id(self._key, 'contained', reference[1:])}"
        if reference.startswith("urn:uuid:"):
            patient = self._patient(reference[9:], "fhir")
            return patient or f"urn:local:{self._keyed('uuid', reference[9:])}"
        literal = _LITERAL.search(reference)
        conditional = _CONDITIONAL.match(reference)
        if literal:
            kind, value, system = literal[1], literal[2], "fhir"
        elif conditional:
            kind, value, system = conditional[1], conditional[2], ""
        else:
            return None
        if kind == "Patient":
            return self._patient(value if system else value.rpartition("|")[2], system)
        return f"{kind}/{self._keyed(kind, value)}"

    def _identified(self, value: Json, name: str) -> str | None:
        identifier = value.get("identifier")
        kind = value.get("type") or _IDENTIFIED.get(name)
        if not isinstance(identifier, dict) or not isinstance(kind, str) or not _TYPE.fullmatch(kind):
            return None
        number = identifier.get("value")
        if not isinstance(number, str) or not number:
            return None
        if kind == "Patient":
            return self._patient(number, "")
        owner = identifier.get("system", "")
        return f"{kind}/{self._keyed(kind, f'{owner}|{number}')}"

    def _patient(self, value: str, system: str) -> str | None:
        person = self._people.get(encode_subject(self._authority, value, system))
        return f"Patient/{person.person_id}" if person else None


def _in_zone(text: str, zone: ZoneInfo) -> str:
    """The wall time in a zone of a moment in UTC; what is no moment stays."""
    try:
        return datetime.fromisoformat(text).astimezone(zone).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError):
        return text


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(?:https?://|urn:)[^\s@]+", value) is not None


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _UNIT_LENGTH
