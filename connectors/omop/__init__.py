"""Exports of the OMOP Common Data Model as CSV files, one a table (https://ohdsi.github.io/CommonDataModel/)."""

from connectors.omop.connector import OmopConnector

__all__ = ["OmopConnector"]
