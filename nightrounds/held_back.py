"""What a night would hold back of a file that can be read: by the rules that the night itself goes by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from contracts.protocols import Finding

if TYPE_CHECKING:
    from contracts.protocols import Place

_WHOLE_UNITS = frozenset({"fhir", "hl7v2", "ccda"})
"""Kinds of which a file is read by itself. Tables of the other kinds need the files beside them."""
_MOST = 1_000
"""Records told one by one; beyond, they are only counted."""


def held_back(kind: str, place: Place) -> list[Finding]:
    """Findings for records that can be read but cannot be true, or lack what they need: an error each."""
    found = list(_rejected(kind, place)) if kind in _WHOLE_UNITS else []
    lines = _lines(place, [record for record, *_ in found]) if kind == "fhir" and found else {}
    told = [
        Finding("error", reason, message, f"line {lines[record]}" if lines else f"record {record + 1}")
        for record, reason, message in found[:_MOST]
    ]
    if len(found) > _MOST:
        rest = f"{len(found) - _MOST} further records that are held back are not listed"
        told.append(Finding("info", "count", rest))
    return told


def _rejected(kind: str, place: Place) -> Iterator[tuple[int, str, str]]:
    """(record, reason, message) of what cleaning takes out."""
    import pyarrow as pa

    from connectors.registry import connector
    from contracts.errors import Rejected
    from contracts.keys import KEY_BYTES, Key
    from contracts.protocols import Reading
    from contracts.units import WHOLE, Source, Unit
    from tasks.cleaning import clean

    reader, today = connector(kind), datetime.now(UTC).date()
    source = Source("check", kind, place.name)
    reading = Reading(Unit("check/file", "check", kind), source, place, Key("check", bytes(KEY_BYTES)))
    try:
        for table, batch in reader.read(reading, WHOLE):
            if table in reader.tables:
                rows = clean(kind, table, pa.Table.from_batches([batch]), today).rejected
                for row in rows.select(["_record", "reason", "where"]).to_pylist():
                    yield row["_record"], row["reason"], _message(table, row)
    except Rejected:
        return  # the file is refused as a whole, and the connector's own check says why


def _lines(place: Place, records: list[int]) -> dict[int, int]:
    """The line on which each record begins; records of FHIR are numbered by their first byte."""
    from connectors.fhir.lines import open_stream

    found: dict[int, int] = {}
    at, line = 0, 1
    with open_stream(place) as stream:
        for record in sorted(set(records)):
            while at < record:
                data = stream.read(min(1 << 20, record - at))
                if not data:
                    break
                at, line = at + len(data), line + data.count(b"\n")
            found[record] = line
    return found


def _message(table: str, row: dict[str, object]) -> str:
    from nightrounds.reasons import explain_reason

    meaning = explain_reason(str(row["reason"])).meaning
    return f"held back: {table.partition('.')[2]}.{row['where']}. {meaning}"
