"""What the Synthea connector emits: one row a row of a CSV file, and what becomes of each column.

After Synthea's CSV data dictionary (https://github.com/synthetichealth/synthea/wiki/CSV-File-Data-Dictionary), which
many a test system and hospital export follows. Dates and date-times are ISO strings in the source's wall time, as
precise as stated. Id columns hold authority, unit separator (U+001F) and the id.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.privacy import Action
from contracts.schemas.fields import field

_S, _I, _F = pa.string(), pa.int64(), pa.float64()
_ENUM = "one of the words that Synthea has for it; anything else is left out"
_AMOUNT = "an amount of money or a count"
_PERSONAL = "identifies the person; read for de-identification alone"
_PLACE = "a place smaller than a state (45 CFR 164.514(b)(2)(i)(B))"
_HOMELESS = "OMOP has no column for it"

OWN = [
    field("_record", _I, Action.KEEP, "the row's number in the file, from 0").with_nullable(False),
    field("_owner", _I, Action.KEEP, "keyed id of (authority, table, key of the row)").with_nullable(False),
    field("_version", _S, Action.KEEP, "the end that the row states: it is newer than one that states none"),
    field("_digest", _I, Action.KEEP, "keyed digest of the row's known columns").with_nullable(False),
    field("unknown_columns", _I, Action.DROP, "how many columns of the file are none of Synthea's: counted"),
    field("missing_columns", _I, Action.DROP, "how many of Synthea's columns the file lacks: counted"),
]
"""The last two are the same in all rows of a file; cleaning counts them as warnings."""


def _id(name: str, space: str, output: str = "") -> pa.Field:
    return field(name, _S, Action.ID, "links rows, tells nothing", space=space, output=output or f"{name}_id")


def _record_id(space: str) -> pa.Field:
    return _id("id", space, "record_id")


def _subject() -> pa.Field:
    return field("subject", _S, Action.SUBJECT, "the patient", output="person_id")


def _moment(name: str) -> list[pa.Field]:
    return [
        field(f"{name}_date", _S, Action.DATE, "shifted, or cut to the year"),
        field(f"{name}_datetime", _S, Action.DATETIME, "shifted, or left out"),
    ]


def _code(name: str) -> pa.Field:
    return field(name, _S, Action.TERM, "a code of a terminology names a concept, not a person", term="code")


def _words(name: str, code: str) -> pa.Field:
    return field(name, _S, Action.TERM, "the terminology's words for its code", term="display", code=code)


def _coded() -> list[pa.Field]:
    system = field("system", _S, Action.TERM, "names a terminology", term="system")
    return [system, _code("code"), _words("description", "code")]


def _kept(name: str, kind: pa.DataType = _F, reason: str = _AMOUNT) -> pa.Field:
    return field(name, kind, Action.KEEP, reason)


def _dropped(names: str, reason: str) -> list[pa.Field]:
    return [field(name, _S, Action.DROP, reason) for name in names.split()]


def _kind(name: str) -> pa.Field:
    return field("record_type", _S, Action.KEEP, f"always {name}")


def _cost_of() -> pa.Field:
    return field("cost_domain", _S, Action.KEEP, "what the costs are of, in OMOP's words")


def _event(name: str, *further: pa.Field) -> pa.Schema:
    """A row of clinical care: whose, in which encounter, what, from when."""
    common = [_record_id(name), _subject(), _id("encounter", "Encounter"), *_moment("start"), *_coded()]
    return pa.schema([*OWN, *common, *further])


PATIENT = pa.schema(
    [
        *OWN,
        _record_id("Patient"),
        _subject(),
        field("birth_date", _S, Action.DATE, "shifted, or cut to the year; grouped over 89", birth=True),
        field("birth_year", _S, Action.YEAR, "the year alone, grouped over 89", output="year_of_birth"),
        field("birth_precision", _S, Action.PRECISION, "how much is told of the date", of="birth_date"),
        *_moment("death"),
        _kept("gender", _S, _ENUM),
        _kept("race", _S, _ENUM),
        _kept("ethnicity", _S, _ENUM),
        field("zip", _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        _kept("state", _S, "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass"),
        *_dropped("ssn drivers passport prefix first middle last suffix maiden address", _PERSONAL),
        *_dropped("birthplace city county fips lat lon", _PLACE),
        *_dropped("marital expenses coverage income", _HOMELESS),
    ]
)

ENCOUNTER = pa.schema(
    [
        *OWN,
        _record_id("Encounter"),
        _subject(),
        *_moment("start"),
        *_moment("end"),
        _id("organization", "Organization"),
        _id("provider", "Practitioner"),
        _kept("encounter_class", _S, _ENUM),
        *_coded(),
        _cost_of(),
        *(_kept(name) for name in ("base_cost", "total_cost", "payer_coverage")),
        *_dropped(
            "payer reason_code reason_description", f"{_HOMELESS}; the reason is a condition of its own"
        ),
    ]
)

CONDITION = _event("Condition", *_moment("end"))
ALLERGY = _event(
    "AllergyIntolerance",
    *_moment("end"),
    _kept("type", _S, _ENUM),
    _kept("category", _S, _ENUM),
    *(f for n in "12" for f in (_code(f"reaction{n}"), _words(f"reaction{n}_words", f"reaction{n}"))),
    *(_kept(f"severity{n}", _S, _ENUM) for n in "12"),
)
DEVICE = _event("DeviceUse", *_moment("end"), *_dropped("udi", "names one device, and so one person"))
MEDICATION = _event(
    "Medication",
    *_moment("end"),
    _cost_of(),
    *(_kept(name) for name in ("base_cost", "total_cost", "payer_coverage", "dispenses")),
    *_dropped("payer reason_code reason_description", f"{_HOMELESS}; the reason is a condition of its own"),
)
PROCEDURE = _event(
    "Procedure",
    *_moment("end"),
    _cost_of(),
    *(_kept(name) for name in ("base_cost", "total_cost", "payer_coverage")),
    *_dropped("reason_code reason_description", f"{_HOMELESS}; the reason is a condition of its own"),
)
IMMUNIZATION = _event(
    "Immunization", _cost_of(), *(_kept(name) for name in ("base_cost", "total_cost", "payer_coverage"))
)
SUPPLY = _event("Supply", _kept("quantity"))
OBSERVATION = _event(
    "Observation",
    _code("category"),
    _kept("type", _S, _ENUM),
    _kept("value_number", _F, "a measured value"),
    field("value_text", _S, Action.TEXT, "an answer in words: it may be an address"),
    _code("value_code"),
    _code("units"),
)

PROVIDER = pa.schema(
    [
        *OWN,
        _id("id", "Practitioner", "provider_id"),
        _id("organization", "Organization"),
        _kept("gender", _S, _ENUM),
        _kept("speciality", _S, "names a speciality: words in capitals, and a few of them"),
        *_dropped("name address city zip lat lon state", "names a person or where one works"),
        *_dropped("utilization procedures", _HOMELESS),
    ]
)

ORGANIZATION = pa.schema(
    [
        *OWN,
        _id("id", "Organization", "care_site_id"),
        field("place", _S, Action.ID, "the organisation's address", space="Location", output="location_id"),
        _kept("state", _S, "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass"),
        field("zip", _S, Action.ZIP, "45 CFR 164.514(b)(2)(i)(B)", output="zip3"),
        *_dropped("name address city lat lon phone", "practices are named after people and places"),
        *_dropped("revenue utilization", _HOMELESS),
    ]
)

PAYER_TRANSITION = pa.schema(
    [
        *OWN,
        _record_id("PayerTransition"),
        _subject(),
        *_moment("start"),
        *_moment("end"),
        _code("payer"),
        _code("secondary_payer"),
        *_dropped("member", "a health plan beneficiary number (45 CFR 164.514(b)(2)(i)(I))"),
        *_dropped("owner_name", _PERSONAL),
        *_dropped("ownership", _HOMELESS),
    ]
)


def _whole(name: str, *columns: pa.Field) -> pa.Schema:
    """A row that has no home in OMOP: kept whole, column by column."""
    return pa.schema([*OWN, _record_id(name), _subject(), _kind(name), *columns])


CAREPLAN = _whole(
    "CarePlan",
    _id("encounter", "Encounter"),
    *_moment("start"),
    *_moment("end"),
    _code("code"),
    _words("description", "code"),
    _code("reason_code"),
    _words("reason_description", "reason_code"),
)
IMAGING_STUDY = _whole(
    "ImagingStudy",
    _id("encounter", "Encounter"),
    *_moment("start"),
    *(field(f"{name}_uid", _S, Action.UID, "replaced by a keyed one") for name in ("series", "instance")),
    *(
        f
        for n in ("bodysite", "modality", "sop")
        for f in (_code(f"{n}_code"), _words(f"{n}_words", f"{n}_code"))
    ),
    _code("procedure_code"),
)
PAYER = _whole(
    "Payer",
    _code("payer"),
    _kept("name", _S, "an insurer's name is no person's"),
    _kept("ownership", _S, _ENUM),
    _kept("state", _S, "45 CFR 164.514(b)(2)(i)(B) permits the state; only codes of states pass"),
    *_dropped("address city zip phone", _PLACE),
    *(
        _kept(name)
        for name in (
            "amount_covered amount_uncovered revenue covered_encounters uncovered_encounters covered_medications "
            "uncovered_medications covered_procedures uncovered_procedures covered_immunizations "
            "uncovered_immunizations unique_customers qols_avg member_months"
        ).split()
    ),
)
CLAIM = _whole(
    "Claim",
    _id("encounter", "Encounter"),
    *(_id(name, "Practitioner") for name in ("provider", "referring_provider", "supervising_provider")),
    *(
        _code(name)
        for name in ("primary_insurance", "secondary_insurance", "department", "patient_department")
    ),
    *(_code(f"diagnosis{n}") for n in "12345678"),
    *_moment("illness"),
    *_moment("service"),
    *(_code(f"status{n}") for n in "12p"),
    *(_kept(f"outstanding{n}") for n in "12p"),
    *(f for n in "12p" for f in _moment(f"billed{n}")),
    *(_code(f"claim_type{n}") for n in "12"),
)
CLAIM_TRANSACTION = _whole(
    "ClaimTransaction",
    _id("claim", "Claim"),
    _id("encounter", "Encounter"),
    _id("place_of_service", "Organization"),
    *(_id(name, "Practitioner") for name in ("provider", "supervising_provider")),
    *(_code(name) for name in ("charge", "type", "method", "procedure_code", "modifier1", "modifier2")),
    *(_code(f"diagnosis_ref{n}") for n in "1234"),
    *_moment("start"),
    *_moment("end"),
    *(_kept(n) for n in "amount units unit_amount payments adjustments transfers outstanding".split()),
    *(_code(n) for n in "department transfer_out transfer_type patient_insurance fee_schedule".split()),
    *(
        field(name, _S, Action.TEXT, "written by people, so it may name them")
        for name in ("notes", "line_note")
    ),
)

TABLES: dict[str, pa.Schema] = {
    "synthea.patient": PATIENT,
    "synthea.encounter": ENCOUNTER,
    "synthea.condition": CONDITION,
    "synthea.observation": OBSERVATION,
    "synthea.medication": MEDICATION,
    "synthea.procedure": PROCEDURE,
    "synthea.immunization": IMMUNIZATION,
    "synthea.allergy": ALLERGY,
    "synthea.device": DEVICE,
    "synthea.supply": SUPPLY,
    "synthea.provider": PROVIDER,
    "synthea.organization": ORGANIZATION,
    "synthea.payer_transition": PAYER_TRANSITION,
    "synthea.careplan": CAREPLAN,
    "synthea.imaging_study": IMAGING_STUDY,
    "synthea.payer": PAYER,
    "synthea.claim": CLAIM,
    "synthea.claim_transaction": CLAIM_TRANSACTION,
}
