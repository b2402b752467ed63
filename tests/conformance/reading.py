"""What a connector makes of an export, gathered whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.registry import connector
from contracts.errors import Rejected
from contracts.keys import Key
from contracts.protocols import Connector, Reading
from contracts.schemas import COUNTED
from contracts.units import Part, Source, Unit
from stores.places import place_of
from stores.vault import token_of
from tests.accounts import counts
from tests.conformance.samples import maker

KEY = Key("conformance", bytes(range(32)))
AUTHORITY = "conformance-hospital"
MARK = "Xanthippe-Smithereen"
"""Part of every file name of a sample: hospitals name files after people."""

REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RESERVED = {"rejected", "ignored", "counted"}


@dataclass(frozen=True)
class Sample:
    """A kind's small export: where it lies, and what was planted in it (file names too)."""

    kind: str
    folder: Path
    canaries: tuple[str, ...]

    @property
    def connector(self) -> Connector:
        return connector(self.kind)

    @property
    def source(self) -> Source:
        return Source("conformance", self.kind, str(self.folder), authority=AUTHORITY)

    def readings(self) -> list[Reading]:
        """One for each file that `discover` lists."""
        return [
            reading(self.source, listed.path) for listed in self.connector.discover(self.source, "").listed
        ]

    def damaged(self, folder: Path, name: str, data: bytes) -> Reading:
        """A file of this kind with other content: named like the first of the sample, so that it is listed."""
        first = self.readings()[0].place.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-{first}").write_bytes(data)
        return reading(Source("conformance", self.kind, str(folder), authority=AUTHORITY), f"{name}-{first}")


def make_sample(kind: str, folder: Path, times: int = 1) -> Sample:
    """Write the kind's export into `folder` and mark its files' names."""
    folder.mkdir(parents=True, exist_ok=True)
    canaries = maker(kind)(folder, times)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        path.rename(path.with_name(f"{MARK}-{path.name}"))
    return Sample(kind, folder, (*canaries, MARK))


def reading(source: Source, path: str) -> Reading:
    """What a worker hands to the connector for one file."""
    place = place_of(source, path)
    token = token_of(KEY, source.name, path)
    return Reading(
        Unit(f"{source.name}/{token}", source.name, source.kind, size=place.size), source, place, KEY
    )


@dataclass
class Found:
    """Everything that one unit gave: rows by table, the rejection that ended it, if one did, and how many records the
    connector says that it met."""

    tables: dict[str, list[pa.RecordBatch]] = field(default_factory=dict)
    rejection: Rejected | None = None
    met: int | None = None

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [row for batch in self.tables.get(table, []) for row in batch.to_pylist()]

    @property
    def count(self) -> int:
        """Source records told of, whatever their fate."""
        return sum(batch.num_rows for batches in self.tables.values() for batch in batches if counts(batch))

    def sorted(self) -> dict[str, list[dict[str, Any]]]:
        """Rows by table in the order of their records, without empty tables."""
        found = {
            name: sorted(self.rows(name), key=lambda row: int(row["_record"])) for name in sorted(self.tables)
        }
        return {name: rows for name, rows in found.items() if rows}

    def told(self) -> list[str]:
        """Every text that leaves the reading for logs, reports and reasons."""
        texts = [str(value) for row in self.rows("rejected") for value in (row["reason"], row["where"])]
        texts += [row["type"] for row in self.rows("ignored")]
        if self.rejection is not None:
            texts += [str(self.rejection), repr(self.rejection)]
        return texts


def read_unit(one: Connector, of: Reading, parts: Sequence[Part] | None = None) -> Found:
    """Read a unit to its end, or to its rejection. Nothing else may stop it.

    Whatever comes of it, all records that the connector says it met are told, each part's for itself.
    """
    found = Found()
    try:
        for part in one.parts(of) if parts is None else parts:
            before, met = found.count, None
            for table, batch in one.read(of, part):
                batch.validate(full=True)
                if table == "counted":
                    assert batch.schema.equals(COUNTED)
                    met = (met or 0) + sum(batch["records"].to_pylist())
                    continue
                found.tables.setdefault(table, []).append(batch)
            assert met is not None, "`read` does not say how many records it met: yield `count_records`"
            assert met == found.count - before, f"{met} records were met and {found.count - before} told"
            found.met = (found.met or 0) + met
    except Rejected as rejected:
        found.rejection = rejected
    return found
