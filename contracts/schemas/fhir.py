"""What the FHIR connector emits: one row a resource, and the allow-list of what may leave it.

After FHIR R4 (https://hl7.org/fhir/R4/) and US Core. What is not a column here is not carried over. Dates and
date-times are ISO strings in local wall time, as precise as the source states them: `YYYY[-MM[-DD[THH:MM:SS]]]`. Id
columns hold authority, unit separator (U+001F) and the id, so that one id under two authorities is two; a resource by
which others are referred to has one for each form of such a reference (decision 0013). `*_system` is OMOP's vocabulary
id of the terminology, else its URL. Columns that are lists hold one value for each entry of an array of the resource.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

_S, _I, _F = pa.string(), pa.int64(), pa.float64()
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


def _concept(name: str, code: str = "", *, text: bool = True) -> list[pa.Field]:
    """A coded concept: terminology, code, display, and the source's words where no display says what the code is."""
    code = code or f"{name}_code"
    found = [_system(f"{name}_system"), _code(code), _display(f"{name}_display", code)]
    words = f"{_FREE}; carried only where there is no display"
    return [*found, field(f"{name}_text", _S, Action.TEXT, words)] if text else found


def _provider() -> pa.Field:
    return _id("provider", "Practitioner", "provider_id")


def _encounter() -> pa.Field:
    return _id("encounter", "Encounter", "encounter_id")


def _organization() -> pa.Field:
    return _id("organization", "Organization", "organization_id")


def _location() -> pa.Field:
    return _id("location", "Location", "place_id")


def _status(name: str = "status") -> pa.Field:
    return field(name, _S, Action.KEEP, _ENUM)


def _number(name: str) -> pa.Field:
    return field(name, _F, Action.KEEP, "a number measured, given or prescribed")


def _unit(name: str) -> pa.Field:
    return field(name, _S, Action.TERM, "a unit of measure", term="code")


def _area() -> list[pa.Field]:
    """What of an address may stay."""
    state = "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass"
    return [
        field("zip", _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        field("state", _S, Action.KEEP, state),
    ]


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
        *_area(),
        _provider(),
        _organization(),
    ]
)

PROVIDER = pa.schema(
    [
        *OWN,
        _id("id", "Resource", "record_id"),
        field("record_type", _S, Action.KEEP, "Practitioner or PractitionerRole"),
        field(
            "provider",
            pa.list_(_S),
            Action.ID,
            "links rows that refer to a practitioner; the first is the preferred one of a Practitioner",
            space="Practitioner",
            output="provider_ids",
        ),
        field(
            "represents", pa.bool_(), Action.KEEP, "a role that names its practitioner: it adds to that one"
        ),
        _status("gender"),
        *_concept("specialty", text=False),
        _organization(),
        _location(),
    ]
)
"""Practitioners and their roles. Names, addresses, telecom and qualifications are not carried."""

PLACE = pa.schema(
    [
        *OWN,
        _id("id", "Resource", "record_id"),
        field("record_type", _S, Action.KEEP, "Organization or Location"),
        *(
            field(
                name,
                pa.list_(_S),
                Action.ID,
                "links rows that refer to a place; the first is the preferred one",
                space=space,
                output=f"{name}_ids",
            )
            for name, space in (("organization", "Organization"), ("location", "Location"))
        ),
        *_concept("type", text=False),
        *_area(),
        field("country", _S, Action.KEEP, "a code of ISO 3166"),
    ]
)
"""Organizations and locations. Names are not carried: a practice is often named after its owner."""

COVERAGE = pa.schema(
    [
        *OWN,
        _id("id", "Coverage", "coverage_id"),
        _subject(),
        _status(),
        *_concept("type"),
        *_moment("start"),
        *_moment("end"),
        field("payer", _S, Action.TERM, "the insurer's name, never a person's", term="display"),
        field("plan", _S, Action.TERM, "the plan's name, never its number", term="display"),
    ]
)

ENCOUNTER = pa.schema(
    [
        *OWN,
        _id("id", "Encounter", "encounter_id"),
        _subject(),
        _status(),
        _code("class_code"),
        *_concept("type"),
        *_moment("start"),
        *_moment("end"),
        _provider(),
        _organization(),
        _location(),
        _id("part_of", "Encounter", "part_of_id"),
        *_concept("admit"),
        *_concept("discharge"),
    ]
)

CONDITION = pa.schema(
    [
        *OWN,
        _id("id", "Condition", "condition_id"),
        _subject(),
        _encounter(),
        _provider(),
        *_concept("code", "code"),
        _status("category"),
        _status("clinical_status"),
        _status("verification_status"),
        *_moment("onset"),
        *_moment("abatement"),
        *_moment("recorded"),
    ]
)

PROCEDURE = pa.schema(
    [
        *OWN,
        _id("id", "Procedure", "procedure_id"),
        _subject(),
        _encounter(),
        _provider(),
        _status(),
        *_concept("code", "code"),
        *_concept("site"),
        *_moment("start"),
        *_moment("end"),
    ]
)

ALLERGY_INTOLERANCE = pa.schema(
    [
        *OWN,
        _id("id", "AllergyIntolerance", "allergy_id"),
        _subject(),
        _encounter(),
        _provider(),
        *_concept("code", "code"),
        _status("clinical_status"),
        _status("verification_status"),
        _status("criticality"),
        *_concept("reaction"),
        *_moment("onset"),
        *_moment("recorded"),
    ]
)


def _note() -> list[pa.Field]:
    return [
        field("content_type", _S, Action.TERM, "a media type"),
        field("charset", _S, Action.TERM, "a character set"),
        field("language", _S, Action.TERM, "a language tag"),
        field("text", _S, Action.TEXT, "the note itself"),
    ]


DOCUMENT_REFERENCE = pa.schema(
    [
        *OWN,
        _id("id", "DocumentReference", "document_id"),
        _subject(),
        _encounter(),
        _provider(),
        _status(),
        _status("doc_status"),
        *_concept("type"),
        *_moment("start"),
        *_moment("authored"),
        *_note(),
    ]
)

DIAGNOSTIC_REPORT = pa.schema(
    [
        *OWN,
        _id("id", "DiagnosticReport", "document_id"),
        _subject(),
        _encounter(),
        _provider(),
        _status(),
        _code("category"),
        *_concept("type"),
        *_concept("conclusion"),
        field("conclusion", _S, Action.TEXT, _FREE),
        *_moment("start"),
        *_moment("end"),
        *_moment("authored"),
        *_note(),
    ]
)

SPECIMEN = pa.schema(
    [
        *OWN,
        _id("id", "Specimen", "specimen_id"),
        _subject(),
        _provider(),
        _status(),
        *_concept("code", "code"),
        *_concept("site"),
        *_moment("start"),
        *_moment("received"),
        _number("quantity"),
        _unit("unit"),
    ]
)

DEVICE_USE_STATEMENT = pa.schema(
    [
        *OWN,
        _id("id", "DeviceUseStatement", "device_use_id"),
        _subject(),
        _provider(),
        _status(),
        *_concept("code", "code"),
        _id("device", "Device", "device_id"),
        *_concept("site"),
        *_moment("start"),
        *_moment("end"),
        *_moment("recorded"),
    ]
)


def _value() -> list[pa.Field]:
    return [
        _number("value_number"),
        _status("operator"),
        _unit("unit"),
        _unit("unit_code"),
        field("value_text", _S, Action.TEXT, _FREE),
        *_concept("value", text=False),
        _number("range_low"),
        _number("range_high"),
        *_concept("interpretation"),
    ]


def _each(prefix: str, columns: list[pa.Field]) -> list[pa.Field]:
    """The columns as lists. A display stands on its own there: its code is not looked at beside it."""
    found = []
    for one in columns:
        meta = {key.decode(): value.decode() for key, value in (one.metadata or {}).items()}
        name = f"{prefix}_{one.name}"
        found.append(pa.field(name, pa.list_(one.type), metadata={**meta, "output": name, "code": ""}))
    return found


OBSERVATION = pa.schema(
    [
        *OWN,
        _id("id", "Observation", "observation_id"),
        _subject(),
        _encounter(),
        _provider(),
        _status(),
        _status("category"),
        *_concept("code", "code"),
        *_value(),
        *_moment("start"),
        *_moment("end"),
        field(
            "component_id",
            pa.list_(_S),
            Action.ID,
            "links rows of one record",
            space="Observation",
            output="component_ids",
        ),
        *_each("component", [*_concept("code", "code"), *_value()]),
    ]
)


def _drug(kind: str, *more: pa.Field) -> pa.Schema:
    """What a medication record tells, whichever its type."""
    return pa.schema(
        [
            *OWN,
            _id("id", kind, "record_id"),
            _subject(),
            _encounter(),
            _provider(),
            _status(),
            *_concept("code", "code"),
            _id("medication", "Medication", "medication_id"),
            *_moment("start"),
            *more,
            field("sig", _S, Action.TEXT, _FREE),
            *_concept("route"),
            _unit("dose_unit"),
        ]
    )


_END = _moment("end")
_SUPPLY = field("days_supply", pa.int32(), Action.KEEP, "a number of days")

MEDICATION_REQUEST = _drug(
    "MedicationRequest",
    _status("intent"),
    *_moment("valid_start"),
    *_END,
    _number("quantity"),
    _SUPPLY,
    field("refills", pa.int32(), Action.KEEP, "a number of repeats"),
)
MEDICATION_ADMINISTRATION = _drug("MedicationAdministration", *_END, _number("quantity"))
MEDICATION_STATEMENT = _drug("MedicationStatement", *_END, *_moment("asserted"))
MEDICATION_DISPENSE = _drug("MedicationDispense", _number("quantity"), _SUPPLY)

IMMUNIZATION = pa.schema(
    [
        *OWN,
        _id("id", "Immunization", "record_id"),
        _subject(),
        _encounter(),
        _provider(),
        _status(),
        *_concept("code", "code"),
        *_moment("start"),
        *_moment("recorded"),
        _number("quantity"),
        *_concept("route"),
        _unit("dose_unit"),
        field("lot_number", _S, Action.TERM, "a batch given to many", term="code"),
    ]
)

OTHER = pa.schema(
    [
        *OWN,
        _id("id", "Resource", "record_id"),
        _subject(),
        field("record_type", _S, Action.KEEP, "the name of a FHIR resource type"),
        _status(),
        field("resource", _S, Action.RESOURCE, "the whole resource, through the allow-list"),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "fhir.patient": PATIENT,
    "fhir.provider": PROVIDER,
    "fhir.place": PLACE,
    "fhir.coverage": COVERAGE,
    "fhir.encounter": ENCOUNTER,
    "fhir.condition": CONDITION,
    "fhir.procedure": PROCEDURE,
    "fhir.allergy_intolerance": ALLERGY_INTOLERANCE,
    "fhir.document_reference": DOCUMENT_REFERENCE,
    "fhir.diagnostic_report": DIAGNOSTIC_REPORT,
    "fhir.specimen": SPECIMEN,
    "fhir.device_use_statement": DEVICE_USE_STATEMENT,
    "fhir.observation": OBSERVATION,
    "fhir.medication_request": MEDICATION_REQUEST,
    "fhir.medication_administration": MEDICATION_ADMINISTRATION,
    "fhir.medication_statement": MEDICATION_STATEMENT,
    "fhir.medication_dispense": MEDICATION_DISPENSE,
    "fhir.immunization": IMMUNIZATION,
    "fhir.other": OTHER,
}
