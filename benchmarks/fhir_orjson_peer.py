"""FHIR NDJSON to source-shaped tables: the connector against a plain orjson loop that does the same work.

    python -m benchmarks.fhir_orjson_peer FILE...

prints, for each file, MB per CPU-second (user + system, one thread each, best of `--runs`) of both, and fails when
their tables differ. The loop is written to be quick: local names bound, one pass, columns as lists.
"""

from __future__ import annotations

import argparse
import base64
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from connectors.fhir import FhirConnector
from contracts.keys import Key
from contracts.protocols import Reading
from contracts.schemas.fhir import TABLES
from contracts.units import Source, Unit

AUTHORITY = "hospital-a"
Json = dict[str, Any]
Row = tuple[Any, ...]


def reference(value: Any, kind: str) -> str | None:
    """The id in a literal reference."""
    text: str | None = value.get("reference") if value else None
    if text is None:
        return None
    if text.startswith(kind + "/") and "/" not in text[len(kind) + 1 :]:
        return AUTHORITY + "\x1f" + text[len(kind) + 1 :]
    return AUTHORITY + "\x1f" + text[9:] if text.startswith("urn:uuid:") else None


def subject(value: Any) -> str | None:
    """The encoded identity of a patient who is referred to."""
    found = reference(value, "Patient")
    return None if found is None else found.replace("\x1f", "\x1ffhir\x1f", 1)


def moment(value: str | None) -> tuple[str | None, str | None]:
    """Date column and date-time column of a moment, in wall time."""
    if value is None or len(value) <= 10:
        return value, None
    return value[:19], value[:19]


def first_coding(value: Any) -> tuple[str | None, str | None, str | None]:
    """System, code and display of the first coding."""
    codings = value.get("coding") if value else None
    if not codings:
        return None, None, None
    coding = codings[0]
    return coding.get("system"), coding.get("code"), coding.get("display")


def encounter(r: Json) -> Row:
    """The columns of `fhir.encounter` after the own ones."""
    kind = (r.get("type") or [None])[0]
    system, code, display = first_coding(kind)
    period = r.get("period") or {}
    text = kind.get("text") if kind and code is None else None
    ident = AUTHORITY + "\x1f" + r["id"]
    class_code = (r.get("class") or {}).get("code")
    start, end = moment(period.get("start")), moment(period.get("end"))
    return (
        ident,
        subject(r.get("subject")),
        r.get("status"),
        class_code,
        system,
        code,
        display,
        text,
        *start,
        *end,
    )


def condition(r: Json) -> Row:
    """The columns of `fhir.condition` after the own ones."""
    concept = r.get("code")
    system, code, display = first_coding(concept)
    text = concept.get("text") if concept and code is None else None
    onset = r.get("onsetDateTime") or (r.get("onsetPeriod") or {}).get("start")
    abatement = r.get("abatementDateTime") or (r.get("abatementPeriod") or {}).get("end")
    return (
        AUTHORITY + "\x1f" + r["id"],
        subject(r.get("subject")),
        reference(r.get("encounter"), "Encounter"),
        system,
        code,
        display,
        text,
        first_coding(r.get("clinicalStatus"))[1],
        first_coding(r.get("verificationStatus"))[1],
        *moment(onset),
        *moment(abatement),
        *moment(r.get("recordedDate")),
    )


def document_reference(r: Json) -> Row:
    """The columns of `fhir.document_reference` after the own ones."""
    system, code, display = first_coding(r.get("type"))
    context = r.get("context") or {}
    attachment = r["content"][0]["attachment"]
    media = attachment.get("contentType") or ""
    kind, _, rest = media.partition(";")
    charset = rest.strip().removeprefix("charset=").lower() or None
    return (
        AUTHORITY + "\x1f" + r["id"],
        subject(r.get("subject")),
        reference((context.get("encounter") or [None])[0], "Encounter"),
        r.get("status"),
        r.get("docStatus"),
        system,
        code,
        display,
        *moment((context.get("period") or {}).get("start")),
        *moment(r.get("date")),
        kind.strip() or None,
        charset,
        attachment.get("language") or r.get("language"),
        base64.b64decode(attachment["data"], validate=True).decode(charset or "utf-8"),
    )


READERS: dict[str, tuple[str, Callable[[Json], Row]]] = {
    "Encounter": ("fhir.encounter", encounter),
    "Condition": ("fhir.condition", condition),
    "DocumentReference": ("fhir.document_reference", document_reference),
}


def read_by_loop(path: Path, key: Key, batch: int = 5_000) -> Iterator[tuple[str, pa.Table]]:
    """The tables of a file of one of the three types, in batches of rows."""
    loads, rows, offset, table = orjson.loads, [], 0, ""
    content = key.hasher("record-digest", 8)
    owners = {kind: key.hasher("owner", 8) for kind in READERS}
    for kind, state in owners.items():
        state.update(f"{AUTHORITY}\x1f{kind}\x1f".encode())
    with path.open("rb") as file:
        for line in file:
            resource = loads(line)
            kind = resource["resourceType"]
            table, reader = READERS[kind]
            owner, digest = owners[kind].copy(), content.copy()
            owner.update(resource["id"].encode())
            digest.update(line.strip())
            keyed = [int.from_bytes(h.digest(), "big") >> 1 or 1 for h in (owner, digest)]
            version = resource.get("meta", {}).get("lastUpdated", "")
            rows.append((offset, keyed[0], version, keyed[1], *reader(resource)))
            offset += len(line)
            if len(rows) == batch:
                yield table, to_table(table, rows)
                rows = []
    if rows:
        yield table, to_table(table, rows)


def to_table(table: str, rows: list[Row]) -> pa.Table:
    """Rows as an Arrow table of the declared schema."""
    schema = TABLES[table]
    return pa.Table.from_arrays(
        [pa.array(column, f.type) for column, f in zip(zip(*rows, strict=True), schema, strict=True)],
        schema=schema,
    )


class LocalPlace:
    """A file on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name, self.size = path.name, path.stat().st_size

    def open(self) -> BinaryIO:
        """Its bytes."""
        return self.path.open("rb")

    def local(self) -> Any:
        """Not needed here: the connector reads streams."""
        raise NotImplementedError


def read_by_connector(path: Path, key: Key) -> Iterator[tuple[str, pa.Table]]:
    """The tables of a file, as the connector gives them."""
    source = Source("bench", "fhir", "", AUTHORITY)
    reading = Reading(Unit("bench/file", "bench", "fhir"), source, LocalPlace(path), key)
    connector = FhirConnector()
    for part in connector.parts(reading):
        for table, batch in connector.read(reading, part):
            yield table, pa.Table.from_batches([batch])


def measure(
    read: Callable[[Path, Key], Iterator[tuple[str, pa.Table]]], path: Path, key: Key, runs: int
) -> float:
    """Least CPU seconds of `runs` passes that keep no rows."""
    best = float("inf")
    for _ in range(runs):
        before = os.times()
        for _table, _rows in read(path, key):
            pass
        after = os.times()
        best = min(best, after.user + after.system - before.user - before.system)
    return best


def same(path: Path, key: Key) -> bool:
    """Whether both ways give the same table."""
    ours = pa.concat_tables(rows for _, rows in read_by_connector(path, key))
    theirs = pa.concat_tables(rows for _, rows in read_by_loop(path, key))
    return bool(ours.equals(theirs))


def main() -> int:
    """Compare both on each file; return 1 when their tables differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    key, failed = Key("bench", b"\x07" * 32), False
    for path in options.files:
        equal = same(path, key)
        size = path.stat().st_size / 1e6
        ours, theirs = (measure(read, path, key, options.runs) for read in (read_by_connector, read_by_loop))
        failed |= not equal
        print(
            f"{path.name}: {size:.1f} MB, connector {size / ours:.0f}, orjson loop {size / theirs:.0f} MB/CPU-s, "
            f"{theirs / ours:.2f}x, tables {'equal' if equal else 'DIFFER'} ({time.strftime('%F')})"
        )
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
