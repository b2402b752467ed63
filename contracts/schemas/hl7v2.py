"""What the HL7 v2 connector emits: one row a statement, and the allow-list of what may leave a message.

After HL7 v2.9; fields of earlier versions are read where they differ. What is not a column here is not carried over.
Dates and date-times are ISO strings in local wall time, as precise as the source states them:
`YYYY[-MM[-DD[THH:MM:SS]]]`. Id columns hold authority, unit separator (U+001F) and what tells the thing apart under it.

A *statement* is what one segment says of one thing, or several segments say together (the lines of a report). A message
makes several, each of them owned by the thing that it is about, so that a later message about the same visit or result
replaces the earlier statement, and that alone. What takes a thing back is a row of the reserved table `deleted`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

_S, _I, _F = pa.string(), pa.int64(), pa.float64()
_CODE = "a code of a terminology names a concept, not a person"
_DISPLAY = "the terminology's text for its code, carried only where the code is there"
_ENUM = "one of the codes of an HL7 table; anything else is left out"
_FREE = "written by people, so it may name them"

OWN = [
    field("_record", _I, Action.KEEP, "where the statement begins in the (decompressed) file").with_nullable(
        False
    ),
    field("_owner", _I, Action.KEEP, "keyed id of the thing that the statement is about").with_nullable(
        False
    ),
    field(
        "_version",
        _S,
        Action.KEEP,
        "times of message and event in UTC, status: orders the statements about a thing",
    ),
    field("_digest", _I, Action.KEEP, "keyed digest of the statement").with_nullable(False),
]


def _id(name: str, space: str, output: str) -> pa.Field:
    return field(name, _S, Action.ID, "links rows", space=space, output=output)


def _subject() -> pa.Field:
    return field("subject", _S, Action.SUBJECT, "the person it is about", output="person_id")


def _moment(name: str) -> list[pa.Field]:
    return [
        field(f"{name}_date", _S, Action.DATE, "shifted, or cut to the year"),
        field(f"{name}_datetime", _S, Action.DATETIME, "shifted, or left out"),
    ]


def _code(name: str) -> pa.Field:
    return field(name, _S, Action.TERM, _CODE, term="code")


def _text(name: str, more: str = "") -> pa.Field:
    return field(name, _S, Action.TEXT, f"{_FREE}{more}")


def _coding(prefix: str = "") -> list[pa.Field]:
    """A coded element: system, code, its words, and the words where there is no code."""
    code = f"{prefix}code"
    return [
        field(f"{prefix}system", _S, Action.TERM, "the name of a coding system", term="system"),
        _code(code),
        field(f"{prefix}display", _S, Action.TERM, _DISPLAY, term="display", code=code),
        _text(f"{prefix}text", "; carried only where there is no code"),
    ]


def _event(space: str) -> list[pa.Field]:
    """What every statement about care has."""
    return [
        *OWN,
        _id("id", space, "event_id"),
        _subject(),
        _id("visit", "VisitNumber", "visit_id"),
        _id("provider", "Practitioner", "provider_id"),
    ]


def _accessions() -> list[pa.Field]:
    """Numbers of an order, one of which an image may carry as its accession number."""
    listed, reason = pa.list_(_S), "authority and number of an order"
    forms = (("accessions", "accession_ids"), ("accession_normals", "accession_normal_ids"))
    return [
        field(name, listed, Action.ID, reason, space="accession", output=output) for name, output in forms
    ]


PATIENT = pa.schema(
    [
        *OWN,
        _id("id", "Hl7Patient", "record_id"),
        _subject(),
        field("birth_date", _S, Action.DATE, "shifted, or cut to the year; grouped over 89", birth=True),
        field("birth_precision", _S, Action.PRECISION, "how much is told of the date", of="birth_date"),
        field("birth_year", _S, Action.YEAR, "the year alone, grouped over 89", output="year_of_birth"),
        field("deceased", pa.bool_(), Action.KEEP, "whether, not when"),
        *_moment("death"),
        field("updated", _S, Action.DATETIME, "when the message was sent: shifted, or left out"),
        _code("gender"),
        _code("race_code"),
        _text("race_text", "; carried only where there is no code"),
        _code("ethnicity_code"),
        _text("ethnicity_text", "; carried only where there is no code"),
        field("zip", _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        field(
            "state",
            _S,
            Action.KEEP,
            "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass",
        ),
    ]
)

VISIT = pa.schema(
    [
        *_event("VisitNumber"),
        _code("class_code"),
        _code("admission_type"),
        _code("service"),
        *_moment("start"),
        *_moment("end"),
        _code("admit_source"),
        _code("disposition"),
    ]
)

RESULT = pa.schema(
    [
        *_event("Result"),
        field("domain", _S, Action.KEEP, "Measurement or Observation").with_nullable(False),
        *_coding(),
        *_moment("start"),
        field("value_number", _F, Action.KEEP, "a measured value"),
        field("operator", _S, Action.KEEP, "one of < <= = >= >"),
        _text("value_free"),
        *_coding("value_"),
        *_moment("value"),
        _code("unit"),
        _code("unit_code"),
        field("range_low", _F, Action.KEEP, "a reference range"),
        field("range_high", _F, Action.KEEP, "a reference range"),
        _code("flag"),
        field("status", _S, Action.KEEP, _ENUM),
    ]
)

NOTE = pa.schema(
    [
        *_event("Document"),
        *_coding(),
        *_moment("start"),
        field("status", _S, Action.KEEP, _ENUM),
        field("note", _S, Action.TEXT, "the note itself"),
        *_accessions(),
    ]
)

DIAGNOSIS = pa.schema(
    [
        *_event("Diagnosis"),
        *_coding(),
        *_moment("start"),
        _code("kind"),
    ]
)

ALLERGY = pa.schema(
    [
        *_event("Allergy"),
        _code("kind"),
        *_coding("value_"),
        _code("severity"),
        *_moment("start"),
    ]
)

PROCEDURE = pa.schema(
    [
        *_event("Procedure"),
        *_coding(),
        *_moment("start"),
        *_coding("modifier_"),
        *_accessions(),
    ]
)

DRUG = pa.schema(
    [
        *_event("Drug"),
        field("kind", _S, Action.KEEP, "the segment: RXA, RXD, RXE or RXO").with_nullable(False),
        *_coding(),
        *_moment("start"),
        *_moment("end"),
        field("quantity", _F, Action.KEEP, "an amount"),
        _code("dose_unit"),
        field("refills", pa.int32(), Action.KEEP, "how often a drug may be had again"),
        *_coding("route_"),
        _code("lot_number"),
        _text("sig"),
        *_coding("refusal_"),
        field("status", _S, Action.KEEP, _ENUM),
    ]
)

PROVIDER = pa.schema(
    [
        *OWN,
        _id("id", "PractitionerStatement", "record_id"),
        _id("provider", "Practitioner", "provider_id"),
        _code("specialty"),
    ]
)


def _list(name: str, action: Action, reason: str, **more: Any) -> pa.Field:
    return field(name, pa.list_(pa.string()), action, reason, **more)


OTHER = pa.schema(
    [
        *OWN,
        _id("id", "Message", "record_id"),
        _subject(),
        field(
            "record_type", _S, Action.KEEP, "a message's type and trigger, or a segment's name, of HL7's own"
        ),
        _list("code_places", Action.KEEP, "segment and field (SCH-7)"),
        _list("systems", Action.TERM, "names of coding systems", term="system"),
        _list("codes", Action.TERM, _CODE, term="code"),
        _list("displays", Action.TEXT, "the words beside a code, which may be the source's own"),
        _list("date_places", Action.KEEP, "segment and field"),
        _list("dates", Action.DATE, "shifted, or cut to the year"),
        _list("number_places", Action.KEEP, "segment and field"),
        field("numbers", pa.list_(_F), Action.KEEP, "amounts and counts"),
        _list("text_places", Action.KEEP, "segment and field"),
        _list("texts", Action.TEXT, _FREE),
    ]
)
"""What has no table: the elements that `connectors/hl7v2/elements.csv` allows, as parallel lists by kind."""

TABLES: dict[str, pa.Schema] = {
    "hl7v2.patient": PATIENT,
    "hl7v2.visit": VISIT,
    "hl7v2.result": RESULT,
    "hl7v2.note": NOTE,
    "hl7v2.diagnosis": DIAGNOSIS,
    "hl7v2.allergy": ALLERGY,
    "hl7v2.procedure": PROCEDURE,
    "hl7v2.drug": DRUG,
    "hl7v2.provider": PROVIDER,
    "hl7v2.other": OTHER,
}
