"""What the C-CDA connector emits: one row a statement, and the allow-list of what may leave a document.

After HL7 CDA R2 and C-CDA R1.1 to R2.1. What is not a column here is not carried over: names, addresses, ids of people,
template ids. Dates and date-times are ISO strings in local wall time, as precise as the source states them:
`YYYY[-MM[-DD[THH:MM:SS]]]`. Id columns hold authority, unit separator (U+001F) and what tells the thing apart under it.

A *statement* is what one entry says of one thing (a problem, a result), what the header says of person, visit and
document, or the text of one section. Each is owned by the thing that it is about, so that a later document about the
same thing replaces the earlier statement, and that alone. What takes a thing back is a row of the reserved table
`deleted`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

_S, _I, _F = pa.string(), pa.int64(), pa.float64()
_CODE = "a code of a terminology names a concept, not a person"
_DISPLAY = "the terminology's text for its code, carried only where the code is there"
_ENUM = "one of the codes of HL7's ActStatus; anything else is left out"
_FREE = "written by people, so it may name them"

OWN = [
    field("_record", _I, Action.KEEP, "number of the statement in its document").with_nullable(False),
    field("_owner", _I, Action.KEEP, "keyed id of the thing that the statement is about").with_nullable(
        False
    ),
    field("_version", _S, Action.KEEP, "time and version of the document: orders statements about a thing"),
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


def _status() -> pa.Field:
    return field("status", _S, Action.KEEP, _ENUM)


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
        _id("visit", "CdaEncounter", "visit_id"),
        _id("provider", "CdaProvider", "provider_id"),
    ]


def _value() -> list[pa.Field]:
    return [
        field("value_number", _F, Action.KEEP, "a measured value"),
        field("operator", _S, Action.KEEP, "one of < <= = >= >"),
        _text("value_free"),
        *_coding("value_"),
        *_moment("value"),
        _code("unit"),
        _code("unit_code"),
    ]


_STATE = "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass"

PATIENT = pa.schema(
    [
        *OWN,
        _id("id", "CdaPatient", "record_id"),
        _subject(),
        field("birth_date", _S, Action.DATE, "shifted, or cut to the year; grouped over 89", birth=True),
        field("birth_precision", _S, Action.PRECISION, "how much is told of the date", of="birth_date"),
        field("birth_year", _S, Action.YEAR, "the year alone, grouped over 89", output="year_of_birth"),
        field("deceased", pa.bool_(), Action.KEEP, "whether, not when"),
        *_moment("death"),
        field("updated", _S, Action.DATETIME, "when the document was made: shifted, or left out"),
        _code("gender"),
        _code("race_code"),
        _text("race_text", "; carried only where there is no code"),
        _code("ethnicity_code"),
        _text("ethnicity_text", "; carried only where there is no code"),
        field("zip", _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        field("state", _S, Action.KEEP, _STATE),
        _id("organization", "CdaPlace", "care_site_id"),
    ]
)

VISIT = pa.schema(
    [
        *_event("CdaEncounter"),
        _id("place", "CdaPlace", "care_site_id"),
        _code("class_code"),
        *_coding(),
        *_moment("start"),
        *_moment("end"),
        _code("disposition"),
    ]
)

CONDITION = pa.schema(
    [
        *_event("CdaCondition"),
        *_coding(),
        *_moment("start"),
        *_moment("end"),
        _code("clinical_status"),
    ]
)

DRUG = pa.schema(
    [
        *_event("CdaDrug"),
        field("kind", _S, Action.KEEP, "listed, prescribed, given, dispensed or refused").with_nullable(
            False
        ),
        *_coding(),
        *_moment("start"),
        *_moment("end"),
        field("quantity", _F, Action.KEEP, "an amount"),
        _code("dose_unit"),
        field("days_supply", pa.int32(), Action.KEEP, "how many days a supply lasts"),
        field("refills", pa.int32(), Action.KEEP, "how often a drug may be had again"),
        *_coding("route_"),
        _code("lot_number"),
        _text("sig"),
        *_coding("refusal_"),
        _status(),
    ]
)

RESULT = pa.schema(
    [
        *_event("CdaResult"),
        _id("parent", "CdaResult", "parent_event_id"),
        field("domain", _S, Action.KEEP, "Measurement or Observation").with_nullable(False),
        *_coding(),
        *_moment("start"),
        *_value(),
        field("range_low", _F, Action.KEEP, "a reference range"),
        field("range_high", _F, Action.KEEP, "a reference range"),
        _code("flag"),
        _status(),
    ]
)

PROCEDURE = pa.schema(
    [
        *_event("CdaProcedure"),
        *_coding(),
        *_moment("start"),
        *_moment("end"),
        *_coding("site_"),
        _status(),
    ]
)

ALLERGY = pa.schema(
    [
        *_event("CdaAllergy"),
        *_coding(),
        *_coding("value_"),
        *_coding("reaction_"),
        *_coding("severity_"),
        *_moment("start"),
        _code("clinical_status"),
    ]
)

DEVICE = pa.schema(
    [
        *_event("CdaDevice"),
        *_coding(),
        *_moment("start"),
        *_moment("end"),
        *_coding("site_"),
        _status(),
    ]
)

NOTE = pa.schema(
    [
        *_event("CdaSection"),
        *_coding(),
        *_moment("start"),
        _text("title"),
        field("language", _S, Action.KEEP, "a code of RFC 5646; anything else is left out"),
        field("note", _S, Action.TEXT, "the section's narrative"),
    ]
)

PROVIDER = pa.schema(
    [
        *OWN,
        _id("id", "CdaProviderStatement", "record_id"),
        _id("provider", "CdaProvider", "provider_id"),
        _id("organization", "CdaPlace", "care_site_id"),
        _code("specialty"),
    ]
)

PLACE = pa.schema(
    [
        *OWN,
        _id("id", "CdaPlaceStatement", "record_id"),
        _id("place", "CdaPlace", "place_id"),
        _code("kind_code"),
        field("kind_display", _S, Action.TERM, _DISPLAY, term="display", code="kind_code"),
        field("zip", _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        field("state", _S, Action.KEEP, _STATE),
    ]
)


def _list(name: str, action: Action, reason: str, **more: Any) -> pa.Field:
    return field(name, pa.list_(pa.string()), action, reason, **more)


_PATH = "the names of CDA's elements that lead to it"

OTHER = pa.schema(
    [
        *OWN,
        _id("id", "CdaEntry", "record_id"),
        _subject(),
        field("record_type", _S, Action.KEEP, "kind of section and name of the element, of CDA's own"),
        _list("code_places", Action.KEEP, _PATH),
        _list("systems", Action.TERM, "names of coding systems", term="system"),
        _list("codes", Action.TERM, _CODE, term="code"),
        _list("displays", Action.TEXT, "the words beside a code, which may be the source's own"),
        _list("date_places", Action.KEEP, _PATH),
        _list("dates", Action.DATE, "shifted, or cut to the year"),
        _list("number_places", Action.KEEP, _PATH),
        field("numbers", pa.list_(_F), Action.KEEP, "amounts and counts"),
        _list("units", Action.TERM, _CODE, term="code"),
        _list("text_places", Action.KEEP, _PATH),
        _list("texts", Action.TEXT, _FREE),
    ]
)
"""What has no table: the elements that `connectors.ccda.other` allows, as parallel lists by kind."""

TABLES: dict[str, pa.Schema] = {
    "ccda.patient": PATIENT,
    "ccda.visit": VISIT,
    "ccda.condition": CONDITION,
    "ccda.drug": DRUG,
    "ccda.result": RESULT,
    "ccda.procedure": PROCEDURE,
    "ccda.allergy": ALLERGY,
    "ccda.device": DEVICE,
    "ccda.note": NOTE,
    "ccda.provider": PROVIDER,
    "ccda.place": PLACE,
    "ccda.other": OTHER,
}
