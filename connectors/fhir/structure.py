"""Where in a resource each column comes from, for every type that has a table."""

from __future__ import annotations

from connectors.fhir import clinical, medications, people
from connectors.fhir.clinical import OTHER
from connectors.fhir.observations import OBSERVATION
from connectors.fhir.taking import Structure

__all__ = ["OTHER", "STRUCTURES", "Structure"]

STRUCTURES: dict[str, Structure] = {
    "Patient": people.PATIENT,
    "Practitioner": people.PRACTITIONER,
    "PractitionerRole": people.PRACTITIONER_ROLE,
    "Organization": people.ORGANIZATION,
    "Location": people.LOCATION,
    "Coverage": people.COVERAGE,
    "Encounter": clinical.ENCOUNTER,
    "Condition": clinical.CONDITION,
    "Procedure": clinical.PROCEDURE,
    "AllergyIntolerance": clinical.ALLERGY_INTOLERANCE,
    "DocumentReference": clinical.DOCUMENT_REFERENCE,
    "DiagnosticReport": clinical.DIAGNOSTIC_REPORT,
    "Specimen": clinical.SPECIMEN,
    "DeviceUseStatement": clinical.DEVICE_USE_STATEMENT,
    "Observation": OBSERVATION,
    "MedicationRequest": medications.MEDICATION_REQUEST,
    "MedicationAdministration": medications.MEDICATION_ADMINISTRATION,
    "MedicationStatement": medications.MEDICATION_STATEMENT,
    "MedicationDispense": medications.MEDICATION_DISPENSE,
    "Immunization": medications.IMMUNIZATION,
}
