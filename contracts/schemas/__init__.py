"""Table schemas: what connectors emit (source-shaped) and what the lake holds."""

from contracts.schemas.fields import (
    COUNTED,
    DELETED,
    IGNORED,
    PRESENCE,
    REJECTED,
    count_records,
    field,
    lake_field,
)
from contracts.schemas.lake import LAKE, LakeTable, bucket_of, table_named

__all__ = [
    "COUNTED",
    "DELETED",
    "IGNORED",
    "LAKE",
    "PRESENCE",
    "REJECTED",
    "LakeTable",
    "bucket_of",
    "count_records",
    "field",
    "lake_field",
    "table_named",
]
