"""Synthea's CSV export."""

from connectors.synthea.connector import SyntheaConnector

__all__ = ["SyntheaConnector"]
