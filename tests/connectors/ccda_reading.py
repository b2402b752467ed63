"""Reading a C-CDA document that a test has written."""

from __future__ import annotations

import io
from typing import Any

import pytest

from connectors.ccda.chart import Unit
from connectors.ccda.reading import find_identity, read_document
from connectors.ccda.stream import root_of
from contracts.errors import Rejected
from contracts.identity import Identity
from contracts.keys import Key

KEY = Key("ccda", bytes(range(32)))
Rows = dict[str, list[dict[str, Any]]]


def read(
    text: str | bytes, *, zone: str = "America/New_York", mrn_root: str = "", stable: bool = True
) -> Rows:
    """The rows that a document gives, by table without its prefix."""
    found: Rows = {}
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    root_of(stream)
    for table, row in read_document(stream, Unit("ward", zone, mrn_root, stable, KEY)):
        found.setdefault(table.removeprefix("ccda."), []).append(row)
    return found


def refusal(text: str | bytes) -> str:
    """The reason for which a document is refused, by reading and by looking for identities alike."""
    data = text.encode() if isinstance(text, str) else text
    reasons = []
    for one in (read, identity):
        with pytest.raises(Rejected) as stopped:
            one(data)
        reasons.append(stopped.value.reason)
    assert len(set(reasons)) == 1
    return reasons[0]


def identity(text: str | bytes, mrn_root: str = "") -> Identity:
    """Whom a document is about."""
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    root_of(stream)
    found = find_identity(stream, "ward", mrn_root)
    assert found is not None
    return found


def only(rows: list[dict[str, Any]], *names: str) -> tuple[Any, ...]:
    (row,) = rows
    return tuple(row.get(name) for name in names)
