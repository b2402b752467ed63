"""What the CSV connector emits: four tables whose columns are what a site's mapping file can fill.

The mapping file (`docs/how-to/csv.md`) says which column of the site's file goes where; what it does not name is
dropped. The fields here are its vocabulary; their kinds say how a cell is read and what de-identification does with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.events import DOMAINS
from contracts.schemas.fields import field

_S, _I = pa.string(), pa.int64()

KINDS = {
    "moment": "a date or date-time, in the formats of `dates`",
    "id": "a number or name that links rows",
    "code": "a code",
    "system": "the name or URL of a terminology",
    "text": "words",
    "display": "the words for a code, or in its place",
    "number": "a number",
    "integer": "a whole number",
    "value": "a result: a number, also after < <= = >= >, else words",
    "word": "one of a few words",
    "zip": "a postal code",
    "state": "a state, by name or code",
}
"""How cells are read."""

VISIT_CLASSES = {
    "inpatient": 9201,
    "outpatient": 9202,
    "emergency": 9203,
    "emergency-inpatient": 262,
    "home": 581476,
    "telehealth": 722455,
}
"""OMOP's visit concepts by the words for them."""

RECORD_TYPES = {
    "ehr": 32817,
    "prescription": 32838,
    "administration": 32818,
    "lab": 32856,
    "claim": 32810,
    "registry": 32879,
    "self-report": 32865,
}
"""OMOP's type concepts (where a record comes from) by the words for them."""

OPERATORS = ("<", "<=", "=", ">=", ">")

WORDS: dict[str, tuple[str, ...]] = {
    "kind": DOMAINS,
    "class": tuple(VISIT_CLASSES),
    "type": tuple(RECORD_TYPES),
    "operator": OPERATORS,
}
"""The legal words of the fields of kind `word`."""


@dataclass(frozen=True)
class Target:
    """What rows can become.

    Attributes:
        fields: kind of each field, by name.
        required: fields that no record can do without.
        content: fields of which one must have a value for a row to be such a record; none where it always is.
    """

    fields: dict[str, str]
    required: tuple[str, ...]
    content: tuple[str, ...] = ()


def _target(fields: str, content: str = "") -> Target:
    """A target from words `name:kind`; `!` marks a required field."""
    parsed = [word.partition(":")[::2] for word in fields.split()]
    required = tuple(name for name, kind in parsed if kind.endswith("!"))
    return Target({name: kind.rstrip("!") for name, kind in parsed}, required, tuple(content.split()))


TARGETS: dict[str, Target] = {
    "patient": _target(
        "updated:moment birth_date:moment death_date:moment gender:code race:code ethnicity:code zip:zip state:state"
    ),
    "visit": _target(
        "id:id updated:moment start:moment! end:moment class:word code:code vocabulary:system display:display "
        "provider:id place:id",
        "id start",
    ),
    "event": _target(
        "id:id updated:moment kind:word! type:word start:moment! end:moment visit:id provider:id "
        "code:code vocabulary:system display:display status:code stop_reason:text "
        "value:value value_number:number value_text:text value_code:code value_vocabulary:system value_display:display "
        "operator:word unit:code unit_code:code range_low:number range_high:number "
        "quantity:number days_supply:integer refills:integer sig:text "
        "route_code:code route_vocabulary:system route_display:display dose_unit:code lot_number:code "
        "modifier_code:code modifier_vocabulary:system modifier_display:display",
        "code display value value_number value_text value_code value_display",
    ),
    "note": _target(
        "id:id updated:moment date:moment! text:text! title:text code:code vocabulary:system visit:id provider:id",
        "text",
    ),
}
"""The targets of a mapping file: `[[patient]]`, `[[visit]]`, `[[event]]`, `[[note]]`."""

_OWN = [
    field("_record", _I, Action.KEEP, "the row's number, times the blocks of the mapping").with_nullable(
        False
    ),
    field("_owner", _I, Action.KEEP, "keyed id of (authority, target, id or content)").with_nullable(False),
    field("_version", _S, Action.KEEP, "`updated` where the mapping names one: orders versions of a record"),
    field("_digest", _I, Action.KEEP, "keyed digest of the record's values").with_nullable(False),
    field("unnamed_columns", _I, Action.DROP, "how many columns of the file the mapping names not: counted"),
    field("subject", _S, Action.SUBJECT, "the patient", output="person_id"),
]
CODE_OF = {
    "display": "code",
    **{f"{part}_display": f"{part}_code" for part in ("value", "route", "modifier")},
}
"""The code that words stand for. Words without a code may be anybody's, and are treated as free text."""

_SPACES = {"visit": "Encounter", "provider": "Practitioner", "place": "Organization"}
_IDS = {"patient": "CsvPatient", "visit": "Encounter", "event": "CsvEvent", "note": "CsvNote"}


def _columns(name: str, kind: str) -> list[pa.Field]:
    """The columns of a field."""
    match kind:
        case "moment":
            date = field(f"{name}_date", _S, Action.DATE, "shifted, or cut to the year")
            return [date, field(f"{name}_datetime", _S, Action.DATETIME, "shifted, or left out")]
        case "id":
            return [field(name, _S, Action.ID, "links rows", space=_SPACES[name], output=f"{name}_id")]
        case "code":
            return [field(name, _S, Action.TERM, "a code names a concept, not a person", term="code")]
        case "system":
            return [field(name, _S, Action.TERM, "names a terminology", term="system")]
        case "display":
            words = "the terminology's words for its code"
            return [
                field(name, _S, Action.TERM, words, term="display", code=CODE_OF[name]),
                field(f"{name}_text", _S, Action.TEXT, "words without a code: they may name the person"),
            ]
        case "text":
            return [field(name, _S, Action.TEXT, "written by people, so it may name them")]
        case "number":
            return [field(name, pa.float64(), Action.KEEP, "a number that was measured or counted")]
        case "integer":
            return [field(name, pa.int32(), Action.KEEP, "a number that was counted")]
        case "word":
            return [field(name, _S, Action.KEEP, "one of a few words; a row with any other is rejected")]
        case "zip":
            return [field(name, _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3")]
        case "state":
            reason = "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass"
            return [field(name, _S, Action.KEEP, reason)]
    return []  # a result goes to the columns of numbers, operators and words


def _schema(target: str) -> pa.Schema:
    ident = field("id", _S, Action.ID, "tells records apart", space=_IDS[target], output="record_id")
    columns = [*_OWN, ident]
    for name, kind in TARGETS[target].fields.items():
        if name == "birth_date":
            columns += [
                field(
                    "birth_date", _S, Action.DATE, "shifted, or cut to the year; grouped over 89", birth=True
                ),
                field(
                    "birth_year", _S, Action.YEAR, "the year alone, grouped over 89", output="year_of_birth"
                ),
                field(
                    "birth_precision", _S, Action.PRECISION, "how much is told of the date", of="birth_date"
                ),
            ]
        elif name == "death_date":
            columns += _columns("death", kind)
        elif name != "id":
            columns += _columns(name, kind)
    return pa.schema(columns)


TABLES: dict[str, pa.Schema] = {f"csv.{target}": _schema(target) for target in TARGETS}
