"""DICOM images: files of any name, one SOP instance each (PS3.10), with or without preamble and file meta."""

from connectors.dicom.connector import DicomConnector

__all__ = ["DicomConnector"]
