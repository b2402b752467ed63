"""Image archives asked over the network: DICOMweb (PS3.18) and DIMSE (PS3.7). Read as `dicom` is."""

from connectors.pacs.connector import DicomWebConnector, DimseConnector

__all__ = ["DicomWebConnector", "DimseConnector"]
