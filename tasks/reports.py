"""Texts that are notes or not by what else there is: those of reports, and documents that are superseded.

Servers give one text twice: as a DiagnosticReport's `presentedForm` and as a DocumentReference. Either may come in any
file of any night, and change, or go. So a report's text is published as it stands (`records.report`), and is a row of
`omop.note`, under a source of its own (`tasks.visit_parts.RESOLVED`), as long as no document of the person has the same
text of the same visit; where none names a visit, of the same day.

A document that its source calls superseded is a note as long as no current one of the person has the same type and
visit: some servers call all but the newest document of a person superseded, and what they told is told nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from contracts.protocols import Receipt
from contracts.schemas import table_named
from stores.lake import Lake
from tasks.visit_parts import DETAIL, RESOLVED, read_parts

if TYPE_CHECKING:
    import duckdb

REPORT = "records.report"
NOTE = "omop.note"
_BASIS = "resolved_from"
_BATCH_ROWS = 2_000

_VIEWS = """
CREATE TEMP VIEW old AS SELECT * FROM records.report WHERE kind = 'superseded';
CREATE TEMP VIEW own AS
    SELECT *, coalesce(visit_detail_id, visit_occurrence_id) AS encounter_id FROM omop.note WHERE _source <> 'resolved';
CREATE TEMP VIEW standing AS SELECT * FROM own WHERE note_id NOT IN (SELECT note_id FROM old);
CREATE TEMP VIEW replaced AS
    SELECT o.note_id FROM old AS o SEMI JOIN standing AS n
        ON n.person_id = o.person_id AND n.encounter_id IS NOT DISTINCT FROM o.visit_occurrence_id
        AND (n.encounter_id IS NOT NULL OR n.note_date = o.note_date)
        AND n.source_vocabulary IS NOT DISTINCT FROM o.source_vocabulary
        AND n.note_source_value IS NOT DISTINCT FROM o.note_source_value
        AND n.note_title IS NOT DISTINCT FROM o.note_title;
CREATE TEMP VIEW told AS
    SELECT person_id, encounter_id, note_date, md5(note_text) AS mark FROM own
    UNION ALL SELECT person_id, visit_occurrence_id, note_date, md5(note_text) FROM old;
"""
_REPLACED = """
SELECT _source, list(_owner ORDER BY _owner) FROM own WHERE note_id IN (FROM replaced) GROUP BY 1 ORDER BY 1
"""
_MADE = """
SELECT * FROM old WHERE note_id NOT IN (FROM replaced) AND note_id NOT IN (SELECT note_id FROM own)
UNION ALL
SELECT r.* EXCLUDE (mark)
FROM (SELECT *, md5(note_text) AS mark FROM records.report WHERE kind = 'report') AS r ANTI JOIN told AS n
    ON n.person_id = r.person_id AND n.mark = r.mark AND n.encounter_id IS NOT DISTINCT FROM r.visit_occurrence_id
    AND (n.encounter_id IS NOT NULL OR n.note_date = r.note_date)
"""


def resolve_reports(lake: Lake, round_no: int) -> list[Receipt]:
    """Make notes of the texts that are, and take away those that are none; the visits' parts are up to date.

    Nothing is done where everything that they follow from is as it was.
    """
    if lake.version(REPORT) is None or lake.last_fact(REPORT, _BASIS) == _basis(lake):
        return []
    lake.ensure(NOTE)
    receipts = []
    with _connect(lake) as connection:
        replaced = connection.sql(_REPLACED).fetchall()
    for source, owners in replaced:
        publish = lake.next_publication(NOTE, f"replaced:{source}:{NOTE}", round_no)
        receipts.append(lake.replace(NOTE, source, owners, [], publish=publish))
    with _connect(lake) as connection:
        publish = lake.next_publication(NOTE, f"{RESOLVED}:{NOTE}", round_no)
        made = _rows(lake, connection)
        receipts.append(lake.replace(NOTE, RESOLVED, [], made, publish=publish, whole_source=True))
    publish = lake.next_publication(REPORT, f"{RESOLVED}:{REPORT}", round_no)
    lake.replace(REPORT, RESOLVED, [], [], publish=publish, facts={_BASIS: _basis(lake)})
    return receipts


def _basis(lake: Lake) -> str:
    """Digest over all that the notes follow from; that they were made from it stands in the notes as they are now."""
    parts = [_VIEWS, _MADE, str(table_named(NOTE).schema)]
    parts += [f"{name}={lake.content_version(name)}" for name in (REPORT, NOTE, DETAIL)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _connect(lake: Lake) -> duckdb.DuckDBPyConnection:
    connection = lake.connect(own_columns=True)
    connection.execute(_VIEWS)
    return connection


def _rows(lake: Lake, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
    names = [*table_named(NOTE).schema.names, "_owner", "_recipe"]
    parts = read_parts(lake)
    columns = ", ".join(names)
    reader = connection.sql(f"SELECT {columns} FROM ({_MADE}) ORDER BY note_id").to_arrow_reader(_BATCH_ROWS)
    for batch in reader:
        yield from parts.settle(NOTE, pa.Table.from_batches([batch])).to_batches()
