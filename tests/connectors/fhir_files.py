"""FHIR files in memory, and what the connector makes of them."""

from __future__ import annotations

import io
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from connectors.fhir import FhirConnector
from contracts.keys import Key
from contracts.protocols import Reading
from contracts.schemas.fhir import TABLES
from contracts.units import WHOLE, Part, Source, Unit
from tests.accounts import accounted

KEY = Key("test", b"\x01" * 32)
PATIENT = {"resourceType": "Patient", "id": "p1"}


class Held:
    """A place in memory."""

    def __init__(self, data: bytes, name: str = "x.ndjson") -> None:
        self.data, self.name, self.size = data, name, len(data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    def local(self) -> AbstractContextManager[Path]:
        raise AssertionError("the connector reads streams")


def reading(data: bytes, zone: str = "UTC", **options: str) -> Reading:
    source = Source("s", "fhir", "", "hospital-a", zone, options=options)
    return Reading(Unit("s/token", "s", "fhir"), source, Held(data), KEY)


def lines(*resources: Any) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in resources)


def read(data: bytes, zone: str = "UTC", part: Part = WHOLE) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for table, batch in accounted(FhirConnector().read(reading(data, zone), part)):
        assert batch.schema.names == (TABLES[table].names if table in TABLES else batch.schema.names)
        found.setdefault(table, []).extend(batch.to_pylist())
    return found
