"""FHIR Bulk Data (https://hl7.org/fhir/uv/bulkdata/): exports that a server makes when asked. Read as `fhir` is."""

from connectors.fhir_bulk.connector import FhirBulkConnector

__all__ = ["FhirBulkConnector"]
