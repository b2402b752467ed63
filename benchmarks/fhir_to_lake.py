"""FHIR NDJSON to lake rows: reading, cleaning, de-identifying and mapping against a plain orjson loop.

Both must give the same rows, in order, and reject the same records, or there is no figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median

import pyarrow as pa

from benchmarks.fhir_orjson_peer import TARGETS, Loop, Rejection, lake_schema, read_by_loop
from benchmarks.figures import Figure, ratio_of_medians
from benchmarks.processes import cpu_seconds
from benchmarks.records import Patient, invent_patients, write_records
from connectors.fhir import FhirConnector
from contracts.identity import Person, encode_subject
from contracts.keys import Key
from contracts.privacy import Profile
from contracts.protocols import Reading
from contracts.units import Source, Unit
from stores.places import LocalPlace
from tasks.cleaning import clean
from tasks.deidentification.engine import Deidentifier
from tasks.deidentification.text import Scrubber
from tasks.standardising import standardise_rows

AUTHORITY = "hospital-a"
TODAY = date(2026, 11, 1)
KEY = Key("bench", b"\x07" * 32)

Rows = Iterator[tuple[str, pa.Table]]
Reader = Callable[[Path, list[Rejection]], Rows]


def known_people(patients: list[Patient]) -> dict[str, Person]:
    """The persons as the vault gives them: by subject, with what is known of them."""
    found = {}
    for number, who in enumerate(patients, 1):
        traits = {"name": (who.given, who.family), "birth_date": (who.birth.isoformat(),)}
        shift = number % 361 - 180 or 7
        found[encode_subject(AUTHORITY, who.ident, "fhir")] = Person(number, shift, traits)
    return found


def read_by_nightrounds(path: Path, rejected: list[Rejection], *, people: dict[str, Person]) -> Rows:
    """The lake rows of a file as a round makes them, up to the gate."""
    source = Source("bench", "fhir", "", AUTHORITY)
    reading = Reading(Unit("bench/file", "bench", "fhir"), source, LocalPlace(path, "bench"), KEY)
    connector = FhirConnector()
    deidentifier = Deidentifier(KEY, Profile.EXPERT, people, today=TODAY, source_authority=AUTHORITY)
    for part in connector.parts(reading):
        for table, batch in connector.read(reading, part):
            if table == "counted":
                continue
            rows = pa.Table.from_batches([batch])
            if table == "rejected":
                rejected += _rejections(rows)
                continue
            cleaned = clean("fhir", table, rows, today=TODAY)
            rejected += _rejections(cleaned.rejected)
            safe = deidentifier.apply(cleaned.accepted, connector.tables[table])
            yield from standardise_rows("fhir", table, safe, deidentifier).items()


def read_by_peer(path: Path, rejected: list[Rejection], *, people: dict[str, Person]) -> Rows:
    """The lake rows of a file as the plain loop makes them."""
    loop = Loop(KEY, people, Scrubber(Profile.EXPERT, TODAY), AUTHORITY)
    return read_by_loop(path, loop, rejected)


def _rejections(rows: pa.Table) -> list[Rejection]:
    return list(zip(rows["_record"].to_pylist(), rows["reason"].to_pylist(), strict=True))


_BESIDE = "records.report"
"""Where a round keeps superseded documents too, to tell later whether they stand; the loop makes notes alone."""


def require_same(path: Path, target: str, ours: Reader, peer: Reader) -> int:
    """Raise `AssertionError` unless both give the same rows and rejections; returns how many rows."""
    found = []
    for read in (ours, peer):
        rejected: list[Rejection] = []
        tables = [(name, rows) for name, rows in read(path, rejected) if rows.num_rows and name != _BESIDE]
        assert {name for name, _ in tables} == {target}, target
        rows = pa.concat_tables(t.cast(lake_schema(target)) for _, t in tables).combine_chunks()
        found.append((rows, sorted(rejected)))
    (rows, rejected), (other, other_rejected) = found
    assert rejected == other_rejected, f"{target}: rejections differ"
    for name in rows.schema.names:
        assert rows[name].equals(other[name]), f"{target}.{name} differs"
    assert rejected and rows.num_rows, f"{target}: the input must hold good and bad records"
    return int(rows.num_rows)


def cpu_of(read: Reader, path: Path) -> float:
    """CPU seconds of one pass that keeps no rows."""
    before = cpu_seconds()
    for _table, _rows in read(path, []):
        pass
    return cpu_seconds() - before


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    size = 10_000_000 if quick else 50_000_000
    patients = invent_patients(200)
    people = known_people(patients)
    return [_measure_type(folder, kind, patients, people, size, runs) for kind in TARGETS]


def _measure_type(
    folder: Path, kind: str, patients: list[Patient], people: dict[str, Person], size: int, runs: int
) -> Figure:
    path = folder / f"{kind}.ndjson"
    records = write_records(path, (kind,), patients, size, seed=11)
    megabytes = path.stat().st_size / 1e6
    ours, peer = partial(read_by_nightrounds, people=people), partial(read_by_peer, people=people)
    rows = require_same(path, TARGETS[kind], ours, peer)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for found, read in zip(times, (ours, peer), strict=True):
            found.append(cpu_of(read, path))
    path.unlink()
    fast, plain = (f"{megabytes / median(found):.1f} MB/CPU-s" for found in times)
    details = {
        "megabytes": megabytes,
        "records": records,
        "rows": rows,
        "ours_cpu_s": times[0],
        "peer_cpu_s": times[1],
    }
    value = ratio_of_medians(*times)
    return Figure(
        f"{kind} NDJSON to lake rows", fast, plain, value, 1.0, "CPU at most the orjson loop's", details
    )
