"""Where the columns of the clinical types come from, but for observations and medications."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from connectors.fhir import columns as c
from connectors.fhir.medications import quantity, thing, unit
from connectors.fhir.taking import (
    Extra,
    Structure,
    Taken,
    concept,
    moment,
    one_of,
    provider,
    reference,
    simple,
)

_ENCOUNTER = "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown"
_CLINICAL = "active recurrence relapse inactive remission resolved"
_VERIFICATION = "unconfirmed provisional differential confirmed refuted entered-in-error"
_DOCUMENT = "current superseded entered-in-error"
_COMPOSITION = "preliminary final amended entered-in-error"
_PROCEDURE = "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
_REPORT = "registered partial preliminary final amended corrected appended cancelled entered-in-error unknown"
_SPECIMEN = "available unavailable unsatisfactory entered-in-error"
_DEVICE_USE = "active completed entered-in-error intended stopped on-hold"
_RESPONSIBLE = ("ATND", "PPRF")
_PARTICIPANTS = 3


def _responsible(*values: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    """Of an encounter's participants the attending or primary performer, else the first who is a practitioner."""
    people = [c.provider(v) for v in values[:_PARTICIPANTS]]
    roles = (pc.is_in(v, pa.array(_RESPONSIBLE)) for v in values[_PARTICIPANTS:])
    main = [c.null_where(pc.invert(role), person) for role, person in zip(roles, people, strict=True)]
    return (pc.coalesce(*main, *people),)


ENCOUNTER = Structure(
    (
        one_of("status", "$.status", _ENCOUNTER),
        simple("class_code", "$.class.code", c.code_of),
        concept("$.type[0]", "type"),
        moment("start", "$.period.start"),
        moment("end", "$.period.end"),
        Taken(
            ("provider",),
            (
                *(f"$.participant[{i}].individual.reference" for i in range(_PARTICIPANTS)),
                *(f"$.participant[{i}].type[0].coding[0].code" for i in range(_PARTICIPANTS)),
            ),
            _responsible,
        ),
        reference("organization", "$.serviceProvider", "Organization"),
        reference("location", "$.location[0].location", "Location"),
        reference("part_of", "$.partOf", "Encounter"),
        concept("$.hospitalization.admitSource", "admit"),
        concept("$.hospitalization.dischargeDisposition", "discharge"),
    ),
    # nobody came, or nobody says when
    kept_whole=(("status", "planned cancelled"), ("start_date", "")),
    patterned=True,
)

CONDITION = Structure(
    (
        reference("encounter", "$.encounter", "Encounter"),
        provider("provider", "$.recorder", "$.asserter"),
        concept("$.code", "code", code="code"),
        one_of(
            "category", "$.category[0].coding[0].code", "problem-list-item encounter-diagnosis health-concern"
        ),
        one_of("clinical_status", "$.clinicalStatus.coding[0].code", _CLINICAL),
        one_of("verification_status", "$.verificationStatus.coding[0].code", _VERIFICATION),
        moment("onset", "$.onsetDateTime", rare=("$.onsetPeriod.start",)),
        moment("abatement", "$.abatementDateTime", "$.abatementPeriod.end"),
        moment("recorded", "$.recordedDate"),
    ),
    kept_whole=(("onset_date recorded_date", ""),),
    patterned=True,
)

PROCEDURE = Structure(
    (
        reference("encounter", "$.encounter", "Encounter"),
        provider("provider", "$.performer[0].actor"),
        one_of("status", "$.status", _PROCEDURE),
        concept("$.code", "code", code="code"),
        concept("$.bodySite[0]", "site"),
        moment("start", "$.performedDateTime", "$.performedPeriod.start"),
        moment("end", "$.performedPeriod.end"),
    ),
    kept_whole=(("status", "preparation not-done"), ("start_date", "")),
    patterned=True,
)

ALLERGY_INTOLERANCE = Structure(
    (
        reference("encounter", "$.encounter", "Encounter"),
        provider("provider", "$.recorder", "$.asserter"),
        concept("$.code", "code", code="code"),
        one_of("clinical_status", "$.clinicalStatus.coding[0].code", _CLINICAL),
        one_of("verification_status", "$.verificationStatus.coding[0].code", _VERIFICATION),
        one_of("criticality", "$.criticality", "low high unable-to-assess"),
        concept("$.reaction[0].manifestation[0]", "reaction"),
        moment("onset", "$.onsetDateTime", rare=("$.onsetPeriod.start",)),
        moment("recorded", "$.recordedDate", rare=("$.lastOccurrence",)),
    ),
    patient="$.patient",
    kept_whole=(("verification_status", "refuted"), ("onset_date recorded_date", "")),
    patterned=True,
)


def _attachment(path: str) -> tuple[Extra, Extra]:
    """The text of the attachment, where that is plain base64 of UTF-8; and whether there is one."""
    there = " OR ".join(f"<{path}.{leaf}> IS NOT NULL" for leaf in ("data", "contentType", "url"))
    return Extra("_decoded", f"TRY(decode(from_base64(<{path}.data>)))"), Extra("_attached", there)


def _note(attachment: str) -> tuple[Taken, ...]:
    return (
        simple("_media", f"{attachment}.contentType", c.plain),
        simple("_language", f"{attachment}.language", c.code_of),
        simple("_document_language", "$.language", c.code_of),
    )


DOCUMENT_REFERENCE = Structure(
    (
        reference("encounter", "$.context.encounter[0]", "Encounter"),
        provider("provider", "$.author[0]", "$.authenticator"),
        one_of("status", "$.status", _DOCUMENT),
        one_of("doc_status", "$.docStatus", _COMPOSITION),
        concept("$.type", "type"),
        moment("start", "$.context.period.start"),
        moment("authored", "$.date"),
        *_note("$.content[0].attachment"),
    ),
    _attachment("$.content[0].attachment"),
)

DIAGNOSTIC_REPORT = Structure(
    (
        reference("encounter", "$.encounter", "Encounter"),
        provider("provider", "$.performer[0]", "$.resultsInterpreter[0]"),
        one_of("status", "$.status", _REPORT),
        simple("category", "$.category[0].coding[0].code", c.code_of),
        concept("$.code", "type"),
        concept("$.conclusionCode[0]", "conclusion"),
        simple("conclusion", "$.conclusion", c.plain),
        moment("start", "$.effectiveDateTime", rare=("$.effectivePeriod.start",)),
        moment("end", "$.effectivePeriod.end"),
        moment("authored", "$.issued"),
        *_note("$.presentedForm[0]"),
    ),
    _attachment("$.presentedForm[0]"),
    # of a text without a date nothing would be left there: it is held back
    kept_whole=(("status", "registered cancelled"), ("start_date authored_date text", "")),
)

SPECIMEN = Structure(
    (
        provider("provider", "$.collection.collector"),
        one_of("status", "$.status", _SPECIMEN),
        concept("$.type", "code", code="code"),
        concept("$.collection.bodySite", "site"),
        moment("start", "$.collection.collectedDateTime", "$.collection.collectedPeriod.start"),
        moment("received", "$.receivedTime"),
        quantity("quantity", "$.collection.quantity"),
        unit("unit", "$.collection.quantity"),
    ),
    kept_whole=(("status", "unavailable"), ("start_date received_date", "")),
    patterned=True,
)

DEVICE_USE_STATEMENT = Structure(
    (
        provider("provider", "$.source"),
        one_of("status", "$.status", _DEVICE_USE),
        thing(None, "$.device", "$.type", "Device", "code", "code"),
        concept("$.bodySite", "site"),
        moment("start", "$.timingPeriod.start", "$.timingDateTime"),
        moment("end", "$.timingPeriod.end"),
        moment("recorded", "$.recordedOn"),
    ),
    kept_whole=(("status", "intended"), ("start_date recorded_date", "")),
    patterned=True,
)

_NAMING = ("subject", "patient", "beneficiary", "for", "individual")


def _first_patient(*references: pa.Array, zone: str) -> tuple[pa.Array, ...]:
    return (pc.coalesce(*map(partial(c.referred, kind="Patient"), references)),)


OTHER = Structure(
    (
        Taken(("patient",), tuple(f"$.{element}.reference" for element in _NAMING), _first_patient),
        one_of("status", "$.status", "entered-in-error"),
        reference("encounter", "$.encounter", "Encounter"),
    )
)
"""Any other type: who it is about, by the elements that name a patient in R4's patient compartment."""
