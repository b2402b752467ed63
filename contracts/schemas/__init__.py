"""Table schemas: what connectors emit (source-shaped) and what the lake holds."""

from contracts.schemas.fields import DELETED, IGNORED, PRESENCE, REJECTED, field, lake_field
from contracts.schemas.lake import LAKE, LakeTable, bucket_of, table_named

__all__ = [
    "DELETED",
    "IGNORED",
    "LAKE",
    "PRESENCE",
    "REJECTED",
    "LakeTable",
    "bucket_of",
    "field",
    "lake_field",
    "table_named",
]
