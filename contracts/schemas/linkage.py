"""Who is who, without saying who: keyed identities and the persons they belong to, now and before."""

from __future__ import annotations

import pyarrow as pa

from contracts.schemas.fields import lake_field as col

PERSON = pa.schema(
    [
        col("identity_id", pa.int64(), required=True),
        col("person_id", pa.int64(), required=True),
        col("kind", pa.string(), required=True),
        col("authority_id", pa.int64(), required=True),
    ]
)

HISTORY = pa.schema(
    [
        col("event_id", pa.int64(), required=True),
        col("round", pa.int64(), required=True),
        col("identity_id", pa.int64(), required=True),
        col("person_before", pa.int64()),
        col("person_id", pa.int64(), required=True),
        col("action", pa.string(), required=True),  # allotted, joined, parted
    ]
)
