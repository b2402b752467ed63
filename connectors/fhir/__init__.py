"""FHIR R4 Bulk Data exports: NDJSON files, plain or gzipped, one resource a line."""

from connectors.fhir.connector import FhirConnector

__all__ = ["FhirConnector"]
