"""The patient graph: nodes and typed edges over the lake."""

from __future__ import annotations

import pyarrow as pa

from contracts.schemas.fields import lake_field as col

NODE = pa.schema(
    [
        col("node_id", pa.int64(), required=True),
        # person, visit, condition, note, study, sample, <event>_code
        col("kind", pa.string(), required=True),
        col("person_id", pa.int64()),
        col("label", pa.string()),
        col("date", pa.date32()),
    ]
)

EDGE = pa.schema(
    [
        col("edge_id", pa.int64(), required=True),
        col("kind", pa.string(), required=True),
        col("from_node", pa.int64(), required=True),
        col("to_node", pa.int64(), required=True),
        col("person_id", pa.int64()),
    ]
)
