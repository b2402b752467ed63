"""Any CSV, by a site's mapping file."""

from connectors.csv_table.connector import CsvConnector

__all__ = ["CsvConnector"]
