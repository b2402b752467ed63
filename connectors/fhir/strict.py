"""What DuckDB reads and is no JSON (RFC 8259): NaN, infinities, a comma behind the last value.

A line with one of them is not what its source meant to say, so it is rejected like any other that is no JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from connectors.fhir.batch import Lines

_NUMBERS = (b"NaN", b"nan", b"NAN", b"Inf", b"inf", b"INF")
_COMMAS = (b",}", b",]", b", }", b", ]")
_BEFORE = frozenset(b":[,-+")
_BLANK = b" \t"


def find_lenient(lines: Lines) -> list[int]:
    """Records whose line DuckDB would take for JSON and is none. Only lines that look so are parsed."""
    wrong, done = [], -1
    for at in sorted({lines.around(place) for place in _places(lines.data)}):
        if at != done and not _is_json(lines.at(at)):
            wrong.append(int(lines.records[at]))
        done = at
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
    for token in _COMMAS:
        place = data.find(token)
        while place >= 0:
            yield place
            place = data.find(token, place + 1)


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
