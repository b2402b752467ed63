"""NaN and infinities, which DuckDB reads as numbers and which are no JSON (RFC 8259, 6).

A line with one of them is not what its source meant to say, so it is rejected like any other that is no JSON. Only
types whose numbers are kept are looked at: of the others, nothing would be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from connectors.fhir.batch import Lines

_NUMBERS = (b"NaN", b"Infinity")
_BEFORE = frozenset(b":[,-+")
_BLANK = b" \t"
_WITHOUT = frozenset(
    "Patient Practitioner PractitionerRole Organization Location Coverage Encounter Condition Procedure "
    "AllergyIntolerance DocumentReference DiagnosticReport DeviceUseStatement".split()
)
"""Mapped types of which no number is kept. What has no table is kept whole, with all its numbers."""


def has_numbers(kinds: Iterable[str]) -> bool:
    """Whether numbers of any of these types are kept."""
    return any(kind not in _WITHOUT for kind in kinds)


def find_lenient(lines: Lines) -> list[int]:
    """Records whose line DuckDB would take for JSON and is none. Only lines that look so are parsed."""
    suspects = sorted({lines.around(place) for place in _places(lines.data)})
    wrong = [int(lines.records[at]) for at in suspects if not _is_json(lines.at(at))]
    known = set(lines.table["_record"].to_pylist()) if wrong else set()
    return [record for record in wrong if record in known]


def _places(data: bytes) -> Iterator[int]:
    for token in _NUMBERS:
        place = data.find(token)
        while place >= 0:
            before = data[max(place - 8, 0) : place].rstrip(_BLANK)
            if before and before[-1] in _BEFORE:
                yield place
            place = data.find(token, place + 1)


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
