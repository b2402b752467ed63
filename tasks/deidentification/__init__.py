"""De-identification by column, in free text, in FHIR resources and in DICOM headers."""
