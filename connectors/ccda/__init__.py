"""C-CDA documents. The connector alone is imported from here."""

from connectors.ccda.connector import CcdaConnector

__all__ = ["CcdaConnector"]
