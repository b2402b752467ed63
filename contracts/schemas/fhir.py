"""What the FHIR connector emits: one row a resource, and the allow-list of what may leave it.

After FHIR R4 (https://hl7.org/fhir/R4/) and US Core. What is not a column here is not carried over. Dates and
date-times are ISO strings in local wall time, as precise as the source states them: `YYYY[-MM[-DD[THH:MM:SS]]]`. Id
columns hold authority, unit separator (U+001F) and logical id, so that one id under two authorities is two.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

_S, _I = pa.string(), pa.int64()
_CODE = "a code of a terminology names a concept, not a person"
_DISPLAY = "the terminology's text for its code, carried only where the code is there"
_ENUM = "one of the codes that FHIR lists for this element; anything else is left out"
_FREE = "written by people, so it may name them"

OWN = [
    field("_record", _I, Action.KEEP, "byte offset of the line in the (decompressed) file").with_nullable(
        False
    ),
    field("_owner", _I, Action.KEEP, "keyed id of (authority, type, id)").with_nullable(False),
    field(
        "_version",
        _S,
        Action.KEEP,
        "meta.lastUpdated in UTC, empty where absent; orders versions of a record",
    ),
    field("_digest", _I, Action.KEEP, "keyed digest of the line").with_nullable(False),
]


def _id(name: str, space: str, output: str) -> pa.Field:
    return field(name, _S, Action.ID, "links rows of one record", space=space, output=output)


def _subject() -> pa.Field:
    return field("subject", _S, Action.SUBJECT, "the person the record is about", output="person_id")


def _moment(name: str) -> list[pa.Field]:
    """The two columns of a moment: its date, and its date-time where the source states a time."""
    return [
        field(f"{name}_date", _S, Action.DATE, "shifted, or cut to the year"),
        field(f"{name}_datetime", _S, Action.DATETIME, "shifted, or left out"),
    ]


def _code(name: str) -> pa.Field:
    return field(name, _S, Action.TERM, _CODE, term="code")


def _display(name: str, code: str) -> pa.Field:
    return field(name, _S, Action.TERM, _DISPLAY, term="display", code=code)


def _system(name: str) -> pa.Field:
    return field(name, _S, Action.TERM, "the terminology's URL", term="system")


def _coding(name: str) -> list[pa.Field]:
    code = f"{name}_code"
    return [_system(f"{name}_system"), _code(code), _display(f"{name}_display", code)]


PATIENT = pa.schema(
    [
        *OWN,
        _id("id", "Patient", "record_id"),
        _subject(),
        field("birth_date", _S, Action.DATE, "shifted, or cut to the year"),
        field("birth_precision", _S, Action.KEEP, "day, month or year: how precise the source is"),
        field("birth_year", _S, Action.YEAR, "the year alone, grouped over 89", output="year_of_birth"),
        field("deceased", pa.bool_(), Action.KEEP, "whether, not when"),
        *_moment("death"),
        field("updated", _S, Action.DATETIME, "when the record changed: shifted, or left out"),
        field("gender", _S, Action.KEEP, _ENUM),
        field("birth_sex", _S, Action.KEEP, _ENUM),
        _code("race_code"),
        _display("race_display", "race_code"),
        field("race_text", _S, Action.TEXT, _FREE),
        _code("ethnicity_code"),
        _display("ethnicity_display", "ethnicity_code"),
        field("ethnicity_text", _S, Action.TEXT, _FREE),
        field("zip", _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        field(
            "state",
            _S,
            Action.KEEP,
            "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass",
        ),
    ]
)

ENCOUNTER = pa.schema(
    [
        *OWN,
        _id("id", "Encounter", "encounter_id"),
        _subject(),
        field("status", _S, Action.KEEP, _ENUM),
        _code("class_code"),
        *_coding("type"),
        field("type_text", _S, Action.TEXT, f"{_FREE}; carried only where there is no code"),
        *_moment("start"),
        *_moment("end"),
    ]
)

CONDITION = pa.schema(
    [
        *OWN,
        _id("id", "Condition", "condition_id"),
        _subject(),
        _id("encounter", "Encounter", "encounter_id"),
        _system("code_system"),
        _code("code"),
        _display("code_display", "code"),
        field("code_text", _S, Action.TEXT, f"{_FREE}; carried only where there is no code"),
        field("clinical_status", _S, Action.KEEP, _ENUM),
        field("verification_status", _S, Action.KEEP, _ENUM),
        *_moment("onset"),
        *_moment("abatement"),
        *_moment("recorded"),
    ]
)

DOCUMENT_REFERENCE = pa.schema(
    [
        *OWN,
        _id("id", "DocumentReference", "document_id"),
        _subject(),
        _id("encounter", "Encounter", "encounter_id"),
        field("status", _S, Action.KEEP, _ENUM),
        field("doc_status", _S, Action.KEEP, _ENUM),
        *_coding("type"),
        *_moment("start"),
        *_moment("authored"),
        field("content_type", _S, Action.TERM, "a media type"),
        field("charset", _S, Action.TERM, "a character set"),
        field("language", _S, Action.TERM, "a language tag"),
        field("text", _S, Action.TEXT, "the note itself"),
    ]
)

OTHER = pa.schema(
    [
        *OWN,
        _id("id", "Resource", "record_id"),
        _subject(),
        field("record_type", _S, Action.KEEP, "the name of a FHIR resource type"),
        field("resource", _S, Action.RESOURCE, "the whole resource, through the allow-list"),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "fhir.patient": PATIENT,
    "fhir.encounter": ENCOUNTER,
    "fhir.condition": CONDITION,
    "fhir.document_reference": DOCUMENT_REFERENCE,
    "fhir.other": OTHER,
}
