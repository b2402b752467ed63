"""Records beside OMOP: patients as each source states them, what has no home in OMOP, and the ledger."""

from __future__ import annotations

import pyarrow as pa

from contracts.schemas.fields import lake_field

PATIENT = pa.schema(
    [
        lake_field("record_id", pa.int64(), required=True),
        lake_field("person_id", pa.int64(), required=True),
        lake_field("updated_datetime", pa.timestamp("us")),
        lake_field("birth_date", pa.date32()),
        lake_field("birth_precision", pa.string()),
        lake_field("year_of_birth", pa.int32()),
        lake_field("death_date", pa.date32()),
        lake_field("death_datetime", pa.timestamp("us")),
        lake_field("gender_source_value", pa.string()),
        lake_field("race_source_value", pa.string()),
        lake_field("ethnicity_source_value", pa.string()),
        lake_field("zip3", pa.string()),
        lake_field("state", pa.string()),
    ]
)
"""One row for each Patient record of a source; `omop.person` and `omop.death` are derived from it, one a person.
`birth_precision` is day, month or year, as the source states it. `updated_datetime` is when the source last changed
the record, shifted like every date of the person: it orders the statements about one person."""

UNMAPPED = pa.schema(
    [
        lake_field("record_id", pa.int64(), required=True),
        lake_field("person_id", pa.int64()),
        lake_field("record_type", pa.string(), required=True),
        lake_field("resource", pa.string(), required=True),
    ]
)
"""What has no table yet, whole and de-identified, as JSON."""

LEDGER = pa.schema(
    [
        lake_field("unit", pa.string(), required=True),
        lake_field("record_type", pa.string(), required=True),
        lake_field("version", pa.string(), required=True),
        lake_field("digest", pa.int64(), required=True),
        lake_field("fate", pa.string(), required=True),
    ]
)
"""One row for each (record, unit) that holds it: what newest-wins, merging and removal are judged by. `version` is
sealed: when a record was changed is a true date."""
