"""What a connector yields, held to its own count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa


def counts(batch: pa.RecordBatch) -> bool:
    """Whether the rows of this table are records (a file's header is none)."""
    return (batch.schema.metadata or {}).get(b"counts") != b"no"


def accounted(told: Iterable[tuple[str, pa.RecordBatch]]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """What is told without the table `counted`, which must be as many as the records that were told."""
    met, rows = None, 0
    for table, batch in told:
        if table == "counted":
            met = (met or 0) + sum(batch["records"].to_pylist())
            continue
        rows += batch.num_rows if counts(batch) else 0
        yield table, batch
    assert met == rows, f"{met} records were met and {rows} told"
