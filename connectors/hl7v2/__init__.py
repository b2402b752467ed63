"""HL7 v2 messages in files: MLLP captures, plain files, FHS/BHS batches."""

from connectors.hl7v2.connector import Hl7v2Connector

__all__ = ["Hl7v2Connector"]
