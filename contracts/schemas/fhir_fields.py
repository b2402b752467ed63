"""How the columns of FHIR's tables are declared, element by element: what becomes of each, and why that is right."""

from __future__ import annotations

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()
CODE = "a code of a terminology names a concept, not a person"
DISPLAY = "the terminology's text for its code, carried only where the code is there"
ENUM = "one of the codes that FHIR lists for this element; anything else is left out"
FREE = "written by people, so it may name them"

OWN = [
    field("_record", WHOLE, Action.KEEP, "byte offset of the line in the (decompressed) file").with_nullable(
        False
    ),
    field("_owner", WHOLE, Action.KEEP, "keyed id of (authority, type, id)").with_nullable(False),
    field(
        "_version",
        TEXT,
        Action.KEEP,
        "meta.lastUpdated in UTC, empty where absent; orders versions of a record",
    ),
    field("_digest", WHOLE, Action.KEEP, "keyed digest of the line").with_nullable(False),
]


def identifier(name: str, space: str, output: str) -> pa.Field:
    """An id in the name space `space`; `output` is its name after de-identification."""
    return field(name, TEXT, Action.ID, "links rows of one record", space=space, output=output)


def subject() -> pa.Field:
    """Whose record it is."""
    return field("subject", TEXT, Action.SUBJECT, "the person the record is about", output="person_id")


def moment(name: str) -> list[pa.Field]:
    """The two columns of a moment: its date, and its date-time where the source states a time."""
    return [
        field(f"{name}_date", TEXT, Action.DATE, "shifted, or cut to the year"),
        field(f"{name}_datetime", TEXT, Action.DATETIME, "shifted, or left out"),
    ]


def code(name: str) -> pa.Field:
    """A code, whatever its terminology."""
    return field(name, TEXT, Action.TERM, CODE, term="code")


def display(name: str, coded: str) -> pa.Field:
    """The terminology's words for the code in the column `coded`."""
    return field(name, TEXT, Action.TERM, DISPLAY, term="display", code=coded)


def system(name: str) -> pa.Field:
    """The terminology: OMOP's vocabulary id, else its URL."""
    return field(name, TEXT, Action.TERM, "the terminology's URL", term="system")


def concept(name: str, coded: str = "", *, text: bool = True) -> list[pa.Field]:
    """A coded concept: terminology, code, display, and the source's words where no display says what the code is."""
    coded = coded or f"{name}_code"
    found = [system(f"{name}_system"), code(coded), display(f"{name}_display", coded)]
    words = f"{FREE}; carried only where there is no display"
    return [*found, field(f"{name}_text", TEXT, Action.TEXT, words)] if text else found


def provider() -> pa.Field:
    """The practitioner responsible."""
    return identifier("provider", "Practitioner", "provider_id")


def encounter() -> pa.Field:
    """The visit that it belongs to."""
    return identifier("encounter", "Encounter", "encounter_id")


def organization() -> pa.Field:
    """The organization that cares."""
    return identifier("organization", "Organization", "organization_id")


def location() -> pa.Field:
    """The place of care."""
    return identifier("location", "Location", "place_id")


def status(name: str = "status") -> pa.Field:
    """One of FHIR's codes."""
    return field(name, TEXT, Action.KEEP, ENUM)


def number(name: str) -> pa.Field:
    """A number."""
    return field(name, REAL, Action.KEEP, "a number measured, given or prescribed")


def unit(name: str) -> pa.Field:
    """A unit of measure."""
    return field(name, TEXT, Action.TERM, "a unit of measure", term="code")


def area() -> list[pa.Field]:
    """What of an address may stay."""
    state = "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass"
    return [
        field("zip", TEXT, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        field("state", TEXT, Action.KEEP, state),
    ]


def note() -> list[pa.Field]:
    """A text and how it was written."""
    return [
        field("content_type", TEXT, Action.TERM, "a media type"),
        field("charset", TEXT, Action.TERM, "a character set"),
        field("language", TEXT, Action.TERM, "a language tag"),
        field("text", TEXT, Action.TEXT, "the note itself"),
    ]


def value() -> list[pa.Field]:
    """The result of an observation or of a component."""
    return [
        number("value_number"),
        status("operator"),
        unit("unit"),
        unit("unit_code"),
        field("value_text", TEXT, Action.TEXT, FREE),
        *concept("value", text=False),
        number("range_low"),
        number("range_high"),
        *concept("interpretation"),
    ]


def each(prefix: str, columns: list[pa.Field]) -> list[pa.Field]:
    """The columns as lists. A display stands on its own there: its code is not looked at beside it."""
    found = []
    for one in columns:
        meta = {key.decode(): value.decode() for key, value in (one.metadata or {}).items()}
        name = f"{prefix}_{one.name}"
        found.append(pa.field(name, pa.list_(one.type), metadata={**meta, "output": name, "code": ""}))
    return found


def naming() -> list[pa.Field]:
    """What names an imaging study: `connectors.fhir.naming`."""

    def listed(name: str, action: Action, reason: str, space: str = "", output: str = "") -> pa.Field:
        return field(name, pa.list_(TEXT), action, reason, space=space, output=output)

    number, links = "authority and accession number", "links rows of several records"
    return [
        field("naming", TEXT, Action.KEEP, "report, procedure, order or study: by the record's type"),
        field("stated_as", TEXT, Action.ID, links, space="Naming", output="stated_as_id"),
        listed("accessions", Action.ID, number, "accession", "accession_ids"),
        listed(
            "accession_normals",
            Action.ID,
            f"{number} in its normal form",
            "accession",
            "accession_normal_ids",
        ),
        listed("named_study_uids", Action.UID, "PS3.15 E.1-1: U"),
        listed("named_series_uids", Action.UID, "PS3.15 E.1-1: U"),
        listed("refers_to", Action.ID, links, "Naming", "refers_to_ids"),
        listed("refers_to_procedures", Action.ID, links, "Procedure", "procedure_ids"),
    ]
