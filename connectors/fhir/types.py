"""Names of FHIR resource types (R4, https://hl7.org/fhir/R4/resourcelist.html, and those that R5 added).

A `resourceType` that is not among them is no type: its text could be anything, so it must not reach a count or a
report.
"""

from __future__ import annotations

_NAMES = """
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest
CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest
CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest
EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List
Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge
MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication
MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured
MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition
MessageHeader MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition
OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation Person
PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson
RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment
RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition
StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task
TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
ActorDefinition AdministrableProductDefinition ArtifactAssessment BiologicallyDerivedProductDispense Citation
ClinicalUseDefinition ConditionDefinition DeviceAssociation DeviceDispense DeviceUsage EncounterHistory
EvidenceReport FormularyItem GenomicStudy ImagingSelection Ingredient InventoryItem InventoryReport
ManufacturedItemDefinition MedicinalProductDefinition NutritionIntake NutritionProduct PackagedProductDefinition
Permission RegulatedAuthorization RequestOrchestration Requirements SubscriptionStatus SubscriptionTopic
SubstanceDefinition TestPlan Transport
"""

RESOURCE_TYPES = frozenset(_NAMES.split())

MAPPED_TYPES: dict[str, str] = {
    "Patient": "fhir.patient",
    "Practitioner": "fhir.provider",
    "PractitionerRole": "fhir.provider",
    "Organization": "fhir.place",
    "Location": "fhir.place",
    "Coverage": "fhir.coverage",
    "Encounter": "fhir.encounter",
    "Condition": "fhir.condition",
    "Procedure": "fhir.procedure",
    "AllergyIntolerance": "fhir.allergy_intolerance",
    "DocumentReference": "fhir.document_reference",
    "DiagnosticReport": "fhir.diagnostic_report",
    "Specimen": "fhir.specimen",
    "DeviceUseStatement": "fhir.device_use_statement",
    "Observation": "fhir.observation",
    "MedicationRequest": "fhir.medication_request",
    "MedicationAdministration": "fhir.medication_administration",
    "MedicationStatement": "fhir.medication_statement",
    "MedicationDispense": "fhir.medication_dispense",
    "Immunization": "fhir.immunization",
}
"""Types that have a home in OMOP, and the table of each; every other one goes to `fhir.other`. Medications and Devices
are referred to by what is given and used; alone they tell no date of it."""

CONTAINER_TYPES = frozenset({"Bundle", "Parameters"})
"""Hold other resources, of many patients perhaps: never kept as one unmapped record."""
