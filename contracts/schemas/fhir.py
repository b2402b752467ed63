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
from contracts.schemas import fhir_fields as f
from contracts.schemas.fields import field

PATIENT = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Patient", "record_id"),
        f.subject(),
        field("birth_date", f.TEXT, Action.DATE, "shifted, or cut to the year; grouped over 89", birth=True),
        field("birth_precision", f.TEXT, Action.PRECISION, "how much is told of the date", of="birth_date"),
        field("birth_year", f.TEXT, Action.YEAR, "the year alone, grouped over 89", output="year_of_birth"),
        field("deceased", pa.bool_(), Action.KEEP, "whether, not when"),
        *f.moment("death"),
        field("updated", f.TEXT, Action.DATETIME, "when the record changed: shifted, or left out"),
        field("gender", f.TEXT, Action.KEEP, f.ENUM),
        field("birth_sex", f.TEXT, Action.KEEP, f.ENUM),
        f.code("race_code"),
        f.display("race_display", "race_code"),
        field("race_text", f.TEXT, Action.TEXT, f.FREE),
        f.code("ethnicity_code"),
        f.display("ethnicity_display", "ethnicity_code"),
        field("ethnicity_text", f.TEXT, Action.TEXT, f.FREE),
        *f.area(),
        f.provider(),
        f.organization(),
    ]
)

PROVIDER = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Resource", "record_id"),
        field("record_type", f.TEXT, Action.KEEP, "Practitioner or PractitionerRole"),
        field(
            "provider",
            pa.list_(f.TEXT),
            Action.ID,
            "links rows that refer to a practitioner; the first is the preferred one of a Practitioner",
            space="Practitioner",
            output="provider_ids",
        ),
        field(
            "represents", pa.bool_(), Action.KEEP, "a role that names its practitioner: it adds to that one"
        ),
        f.status("gender"),
        *f.concept("specialty", text=False),
        f.organization(),
        f.location(),
    ]
)
"""Practitioners and their roles. Names, addresses, telecom and qualifications are not carried."""

PLACE = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Resource", "record_id"),
        field("record_type", f.TEXT, Action.KEEP, "Organization or Location"),
        *(
            field(
                name,
                pa.list_(f.TEXT),
                Action.ID,
                "links rows that refer to a place; the first is the preferred one",
                space=space,
                output=f"{name}_ids",
            )
            for name, space in (("organization", "Organization"), ("location", "Location"))
        ),
        *f.concept("type", text=False),
        *f.area(),
        field("country", f.TEXT, Action.KEEP, "a code of ISO 3166"),
    ]
)
"""Organizations and locations. Names are not carried: a practice is often named after its owner."""

COVERAGE = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Coverage", "coverage_id"),
        f.subject(),
        f.status(),
        *f.concept("type"),
        *f.moment("start"),
        *f.moment("end"),
        field("payer", f.TEXT, Action.TERM, "the insurer's name, never a person's", term="display"),
        field("plan", f.TEXT, Action.TERM, "the plan's name, never its number", term="display"),
    ]
)

ENCOUNTER = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Encounter", "encounter_id"),
        f.subject(),
        f.status(),
        f.code("class_code"),
        *f.concept("type"),
        *f.moment("start"),
        *f.moment("end"),
        f.provider(),
        f.organization(),
        f.location(),
        f.identifier("part_of", "Encounter", "part_of_id"),
        *f.concept("admit"),
        *f.concept("discharge"),
    ]
)

CONDITION = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Condition", "condition_id"),
        f.subject(),
        f.encounter(),
        f.provider(),
        *f.concept("code", "code"),
        f.status("category"),
        f.status("clinical_status"),
        f.status("verification_status"),
        *f.moment("onset"),
        *f.moment("abatement"),
        *f.moment("recorded"),
    ]
)

PROCEDURE = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Procedure", "procedure_id"),
        f.subject(),
        f.encounter(),
        f.provider(),
        f.status(),
        *f.concept("code", "code"),
        *f.concept("site"),
        *f.moment("start"),
        *f.moment("end"),
        *f.naming(),
    ]
)

ALLERGY_INTOLERANCE = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "AllergyIntolerance", "allergy_id"),
        f.subject(),
        f.encounter(),
        f.provider(),
        *f.concept("code", "code"),
        f.status("clinical_status"),
        f.status("verification_status"),
        f.status("criticality"),
        *f.concept("reaction"),
        *f.moment("onset"),
        *f.moment("recorded"),
    ]
)


DOCUMENT_REFERENCE = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "DocumentReference", "document_id"),
        f.subject(),
        f.encounter(),
        f.provider(),
        f.status(),
        f.status("doc_status"),
        *f.concept("type"),
        *f.moment("start"),
        *f.moment("authored"),
        *f.note(),
        *f.naming(),
    ]
)

DIAGNOSTIC_REPORT = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "DiagnosticReport", "document_id"),
        f.subject(),
        f.encounter(),
        f.provider(),
        f.status(),
        f.code("category"),
        *f.concept("type"),
        *f.concept("conclusion"),
        field("conclusion", f.TEXT, Action.TEXT, f.FREE),
        *f.moment("start"),
        *f.moment("end"),
        *f.moment("authored"),
        *f.note(),
        *f.naming(),
    ]
)

SPECIMEN = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Specimen", "specimen_id"),
        f.subject(),
        f.provider(),
        f.status(),
        *f.concept("code", "code"),
        *f.concept("site"),
        *f.moment("start"),
        *f.moment("received"),
        f.number("quantity"),
        f.unit("unit"),
    ]
)

DEVICE_USE_STATEMENT = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "DeviceUseStatement", "device_use_id"),
        f.subject(),
        f.provider(),
        f.status(),
        *f.concept("code", "code"),
        f.identifier("device", "Device", "device_id"),
        *f.concept("site"),
        *f.moment("start"),
        *f.moment("end"),
        *f.moment("recorded"),
    ]
)


OBSERVATION = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Observation", "observation_id"),
        f.subject(),
        f.encounter(),
        f.provider(),
        f.status(),
        f.status("category"),
        *f.concept("code", "code"),
        *f.value(),
        *f.moment("start"),
        *f.moment("end"),
        field(
            "component_id",
            pa.list_(f.TEXT),
            Action.ID,
            "links rows of one record",
            space="Observation",
            output="component_ids",
        ),
        *f.each("component", [*f.concept("code", "code"), *f.value()]),
    ]
)


def _drug(kind: str, *more: pa.Field) -> pa.Schema:
    """What a medication record tells, whichever its type."""
    return pa.schema(
        [
            *f.OWN,
            f.identifier("id", kind, "record_id"),
            f.subject(),
            f.encounter(),
            f.provider(),
            f.status(),
            *f.concept("code", "code"),
            f.identifier("medication", "Medication", "medication_id"),
            *f.moment("start"),
            *more,
            field("sig", f.TEXT, Action.TEXT, f.FREE),
            *f.concept("route"),
            f.unit("dose_unit"),
        ]
    )


_END = f.moment("end")
_SUPPLY = field("days_supply", pa.int32(), Action.KEEP, "a number of days")

MEDICATION_REQUEST = _drug(
    "MedicationRequest",
    f.status("intent"),
    *f.moment("valid_start"),
    *_END,
    f.number("quantity"),
    _SUPPLY,
    field("refills", pa.int32(), Action.KEEP, "a number of repeats"),
)
MEDICATION_ADMINISTRATION = _drug("MedicationAdministration", *_END, f.number("quantity"))
MEDICATION_STATEMENT = _drug("MedicationStatement", *_END, *f.moment("asserted"))
MEDICATION_DISPENSE = _drug("MedicationDispense", f.number("quantity"), _SUPPLY)

IMMUNIZATION = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Immunization", "record_id"),
        f.subject(),
        f.encounter(),
        f.provider(),
        f.status(),
        *f.concept("code", "code"),
        *f.moment("start"),
        *f.moment("recorded"),
        f.number("quantity"),
        *f.concept("route"),
        f.unit("dose_unit"),
        field("lot_number", f.TEXT, Action.TERM, "a batch given to many", term="code"),
    ]
)

OTHER = pa.schema(
    [
        *f.OWN,
        f.identifier("id", "Resource", "record_id"),
        f.subject(),
        field("record_type", f.TEXT, Action.KEEP, "the name of a FHIR resource type"),
        f.status(),
        field("resource", f.TEXT, Action.RESOURCE, "the whole resource, through the allow-list"),
        f.encounter(),
        *f.naming(),
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
